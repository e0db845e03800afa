"""What people see of the work in Label Studio's Data Manager: tabs, and remarks about single texts."""
