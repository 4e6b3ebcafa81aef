"""Every knob of a run: flags, then POPCORN_* variables, then popcorn.toml, then these defaults."""

from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..tools.errors import InputError

Percentile = Annotated[float, Field(ge=0, le=100)]


class Context(BaseModel):
    """What a run can be told. API keys are not here: they are read from the environment where they are used."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["pe", "basic"] = Field(
        "pe", description="pe: research exemplars and reason over them; basic: the query alone (the paper's baseline)."
    )
    llm: str = Field(
        "embedded",
        description="embedded, openai:<model>, deepseek:<model>, or <model>@<base_url> of a compatible server.",
    )
    gguf: Path | None = Field(None, description="Another GGUF file for the embedded language model.")
    temperature: float | None = Field(
        None,
        ge=0,
        le=2,
        description="Sampling temperature; empty: 0.3 for the embedded model, 0.7 (the paper's) otherwise.",
    )
    structured_output: Literal["auto", "json_schema", "json_mode", "text"] = Field(
        "auto", description="How the model is asked for JSON; auto tries them in this order and remembers what worked."
    )
    context_tokens: int | None = Field(
        None, ge=512, description="The model's context size in tokens; empty: what is known of the model, else 8192."
    )
    llm_timeout: float = Field(120.0, gt=0, description="Seconds to wait for one answer of the language model.")
    researcher: Literal["search", "agent"] = Field(
        "search", description="search: the paper's single search; agent: a tool-calling model plans the searches."
    )
    max_searches: int = Field(4, ge=1, le=20, description="At most so many searches for the agent researcher.")
    exemplars: str = Field("starter", description="starter, or a folder made by `exemplars build`.")
    embedding: str = Field(
        "all-MiniLM-L6-v2", description="Sentence-embedding model; the default is embedded, others come from the hub."
    )
    k: int = Field(10, ge=1, le=200, description="Exemplars in the brief (the paper tries 10, 50 and 100).")
    tags: int = Field(1, ge=1, le=22, description="Topic tags searched (the paper tries 1, 2 and 4).")
    split: Literal["quartile", "paper"] = Field(
        "quartile",
        description="quartile: top against bottom quarter by comments within a tag; paper: top 90 % against the rest.",
    )
    renderer: str = Field(
        "animatic",
        description="animatic (CPU), diffusion (a GPU) or remote (a video server).",
    )
    model: str | None = Field(
        None,
        description="Video model: a name such as cogvideox-5b, a hub id or a folder; a server's name for it.",
    )
    video_url: str | None = Field(
        None, description="The video server of --renderer remote, such as http://localhost:8091/v1."
    )
    preset: str | None = Field(None, description="A named set of render settings of the model, such as paper.")
    size: str | None = Field(None, description="Generate and write this WIDTHxHEIGHT instead of the aspect's size.")
    frames: int | None = Field(None, ge=1, description="Generate so many frames instead of what the seconds need.")
    fps: int | None = Field(
        None,
        ge=1,
        le=120,
        description="Frames a second of the file; empty: the model's, or 24 where it makes fewer.",
    )
    steps: int | None = Field(None, ge=1, le=1000, description="Denoising steps; empty: the model's.")
    guidance: float | None = Field(None, ge=0, le=50, description="Guidance scale; empty: the model's.")
    negative_prompt: str | None = Field(None, description="What the video shall not show; empty: the model's.")
    memory: Literal["auto", "80gb", "24gb", "16gb"] = Field(
        "auto", description="Memory tier of the diffusion renderer; auto: by the free memory of the device."
    )
    speed: str = Field(
        "plain",
        description="plain, fast, or levers such as first-block:0.1; all but plain change the picture.",
    )
    cover_model: str | None = Field(
        None, description="Text-to-image model for the cover; empty: the best frame, or the animatic's own cover."
    )
    seconds: float = Field(3.0, ge=1, le=60, description="Length of the clip in seconds.")
    aspect: Literal["9:16", "16:9", "1:1"] = Field("9:16", description="Aspect ratio of the clip.")
    render_timeout: float = Field(1800.0, gt=0, description="Seconds after which a render is given up.")
    target_percentile: Percentile = Field(
        70.0, description="Predicted rank among MicroLens videos from which a clip is good enough (0 to 100)."
    )
    max_revisions: int = Field(
        1, ge=0, le=20, description="Rewrites after the first attempt; 0 is the paper's open pipeline."
    )
    review: Literal["off", "script", "clip", "both"] = Field(
        "off", description="Pause for a person: before a script is rendered, when a clip is judged, or both."
    )
    max_similarity: float = Field(
        0.9, ge=0, le=1, description="Cosine similarity of a title to an exemplar from which it counts as a copy."
    )
    seed: int = Field(7, ge=0, le=2**31 - 1, description="Seed of the language model and the renderer.")
    runs_dir: Path = Field(Path("runs"), description="Where run folders and checkpoints are written.")
    checkpoints: str = Field(
        "sqlite",
        description="sqlite (a file in runs-dir), or postgresql://user@host/database with its password in PGPASSWORD; "
        "the development server brings its own.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("popcorn-agents"),
        description="Where rendered clips are kept for reuse; empty: the user's cache folder.",
    )


def load_context(**flags: Any) -> Context:
    """Merge the flags that are not None with the environment, popcorn.toml and the defaults; raises InputError."""
    from pydantic_settings import (
        BaseSettings,
        PydanticBaseSettingsSource,
        SettingsConfigDict,
        SettingsError,
        TomlConfigSettingsSource,
    )

    class Settings(Context, BaseSettings):
        model_config = SettingsConfigDict(env_prefix="POPCORN_", toml_file="popcorn.toml", extra="forbid")

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise InputError(_in_one_sentence(error)) from error
    except (SettingsError, ValueError, OSError) as error:
        raise InputError(
            f"The settings could not be read: {error}; correct popcorn.toml or the POPCORN_ variables."
        ) from error
    return Context(**settings.model_dump())


def _in_one_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        return f"{name} in popcorn.toml is not a setting; see `popcorn-agents run --help` for the names."
    return f"{name.replace('_', '-')}: {first['msg'][0].lower()}{first['msg'][1:]} (got {str(first['input'])[:80]!r})."
