"""The names of `keras_gen`, for its lazy imports and for editors."""

from . import callbacks as callbacks
from . import datasets as datasets
from . import errors as errors
from . import evaluation as evaluation
from . import export as export
from . import layers as layers
from . import losses as losses
from . import media as media
from . import metrics as metrics
from . import models as models
from . import networks as networks
from . import recipes as recipes
from . import runs as runs
from . import sampling as sampling
from . import training as training
from . import tuners as tuners
from .errors import InputError as InputError
from .media import Audio as Audio
from .media import Image as Image
from .media import Text as Text
from .models import GAN as GAN
from .models import VAE as VAE
from .models import VQVAE as VQVAE
from .models import GenerativeModel as GenerativeModel
from .models import LanguageModel as LanguageModel
from .models import TextVAE as TextVAE
from .models import load_model as load_model
from .training import distribution as distribution
from .training import schedules as schedules

__version__: str

def require_tensorflow_backend() -> None: ...
