"""What a training learns: windows with the tags of their words, their epochs, batches and loss."""

from wapaganda.trainer.training_set.augmentation import hide_pieces
from wapaganda.trainer.training_set.epochs import TrainingSet
from wapaganda.trainer.training_set.examples import Example, batches_of
from wapaganda.trainer.training_set.losses import frequency_loss, start_low, word_loss

__all__ = ["Example", "TrainingSet", "batches_of", "frequency_loss", "hide_pieces", "start_low", "word_loss"]
