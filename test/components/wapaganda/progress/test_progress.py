from wapaganda.progress import Progress, silent


def test_silent_is_a_progress_callback(capsys):
    callback: Progress = silent

    callback("train", 1, 2)

    assert capsys.readouterr() == ("", "")
