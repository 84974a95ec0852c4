"""When the phases of a text VAE's training end."""

import keras


class TrainingPhases(keras.callbacks.Callback):
    """Ends, at the end of an epoch, the pre-training of a `TextVAE` and the time in which its encoder learns alone."""

    def on_epoch_end(self, epoch, logs=None):
        model = self.model
        if model.is_pretraining.numpy():
            if model.examples_seen.numpy() < model.pretraining:
                return
            model.end_pretraining()
        elif model.is_aggressive.numpy():
            information = (logs or {}).get("val_mutual_information")
            if information is None:
                return  # not every epoch is validated
            information = max(information, 0.0)  # below which only the error of its estimate is
            if information >= model.last_information.numpy():
                model.last_information.assign(information)
                return
            model.is_aggressive.assign(False)
        else:
            return
        model.make_train_function(force=True)
