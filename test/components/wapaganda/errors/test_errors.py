from wapaganda.errors import InputError, WapagandaError


def test_an_error_has_a_message_and_a_hint():
    error = InputError("Expected 0 or more, was: -1", hint="Give a larger number.")

    assert str(error) == "Expected 0 or more, was: -1"
    assert error.hint == "Give a larger number."


def test_the_hint_is_empty_when_there_is_none():
    assert WapagandaError("No space left").hint == ""


def test_wrong_input_is_a_value_error_and_one_of_ours():
    assert issubclass(InputError, ValueError)
    assert issubclass(InputError, WapagandaError)
