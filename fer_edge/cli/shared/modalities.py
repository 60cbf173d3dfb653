"""Options of `run` and `serve` for audio and text."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared.mqtt import MqttOptions, check_extra, credentials

if TYPE_CHECKING:
    from device.modalities.fusion import Fusion
    from device.modalities.modality import ModalityStream
    from device.modalities.text.source import TextSource

MODALITIES = "Audio and text"

_TOPIC = "mqtt:"


@dataclass(frozen=True, kw_only=True)
class ModalityOptions:
    """Sources, models and fusion weights of audio and text."""

    audio: Annotated[
        str | None,
        typer.Option(
            metavar="mic|FILE|URL",
            help="Fuse the faces with speech from a microphone, an audio or video file, or a URL.",
            rich_help_panel=MODALITIES,
        ),
    ] = None
    audio_model: Annotated[
        Path | None,
        typer.Option(
            help="Speech model (.tflite) made by fer-edge audio.", rich_help_panel=MODALITIES
        ),
    ] = None
    text: Annotated[
        str | None,
        typer.Option(
            metavar="-|FILE|mqtt:TOPIC",
            help="Fuse the faces with lines of text from stdin, a file (.srt and .vtt with their "
            "timestamps), or a topic on the broker of --mqtt.",
            rich_help_panel=MODALITIES,
        ),
    ] = None
    text_model: Annotated[
        Path | None,
        typer.Option(
            help="Text model (.tflite) made by fer-edge text.",
            show_default="the shipped one",
            rich_help_panel=MODALITIES,
        ),
    ] = None
    fusion: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with weight, temperature and max_age of face, audio and text "
            "(docs/fusion.md).",
            show_default="the models' cards",
            rich_help_panel=MODALITIES,
        ),
    ] = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fused modalities; empty without --audio and --text."""
        asked = (("audio", self.audio), ("text", self.text))
        found = tuple(name for name, source in asked if source is not None)
        return ("face", *found) if found else ()

    def open(
        self,
        model: str | None,
        source: str,
        labels: tuple[str, ...],
        messages: MqttOptions,
        *,
        threshold: float | None,
    ) -> "Fusion | None":
        """Load the models and build the fusion without starting it.

        Args:
            model: face model; its card contains the weight of the faces.
            source: source of the frames.
            labels: labels of the face model.
            messages: broker and credentials of `mqtt:TOPIC`.
            threshold: probability below which the fused label is "uncertain"; None for 0.4.

        Returns:
            The fusion; None without --audio and --text.

        Raises:
            InputError: a model or source cannot be opened, or a required option is missing.
        """
        self._check(source)
        if not self.names:
            return None
        from device.modalities.fusion import Fusion
        from device.modalities.pool import Reliability
        from device.modalities.weights import MAX_AGE, load
        from device.model import card
        from fer_edge import zoo

        streams: list[ModalityStream] = []
        models = {"face": zoo.resolve(model)}
        if self.audio is not None:
            from device.modalities.audio import AudioStream

            assert self.audio_model is not None
            models["audio"] = self.audio_model
            streams.append(AudioStream(self.audio, self.audio_model))
        if self.text is not None:
            from device.modalities.text.classifier import TextClassifier
            from device.modalities.text.stream import TextStream

            models["text"] = self.text_model or zoo.HOME / "text" / "text_int8.tflite"
            classifier = TextClassifier(models["text"])
            streams.append(TextStream(self._text_source(messages), classifier))
        found = {
            name: Reliability(*card.fusion(model), MAX_AGE[name]) for name, model in models.items()
        }
        if self.fusion is not None:
            found = load(self.fusion, found)
        threshold = card.THRESHOLD if threshold is None else threshold
        return Fusion(labels, streams, found, threshold=threshold)

    def _check(self, source: str) -> None:
        if source == "-" and self.text == "-":
            raise InputError(
                "stdin cannot be used for both frames and text: use a file for one of them"
            )
        if self.audio is not None and self.audio_model is None:
            raise InputError("--audio needs --audio-model FILE: a model made by fer-edge audio")
        for name, given, model_file in (
            ("audio", self.audio, self.audio_model),
            ("text", self.text, self.text_model),
        ):
            if given is None and model_file is not None:
                raise InputError(f"--{name}-model needs --{name}: name a source")
        if self.fusion is not None and not self.names:
            raise InputError("--fusion needs --audio or --text: there is nothing to fuse")

    def _text_source(self, messages: MqttOptions) -> "TextSource":
        from device.modalities.text.source import open_text

        assert self.text is not None
        if not self.text.startswith(_TOPIC):
            return open_text(self.text)
        if messages.mqtt is None:
            raise InputError("--text mqtt:TOPIC needs --mqtt URL: the address of the broker")
        check_extra()
        from device.modalities.text.mqtt import MqttText
        from device.sinks.mqtt import Address

        return MqttText(
            Address.parse(messages.mqtt),
            self.text.removeprefix(_TOPIC),
            credentials(messages.mqtt_ca, messages.mqtt_cert, messages.mqtt_key),
        )
