"""`python -m keras_gen` is the command `keras-gen`."""

from keras_gen.cli import main

if __name__ == "__main__":
    main()
