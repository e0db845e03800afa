"""Label Studio's label config, tasks, regions and exports."""
