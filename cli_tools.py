"""The command line of single tools: render a clip, build and search exemplars, train and use the critic."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Json, with_settings

if TYPE_CHECKING:
    from .graph.context import Context
    from .tools.renderers import Progress, RenderRequest

exemplars_app = typer.Typer(help="Build and search the videos that a script learns from.", no_args_is_help=True)
Judge = Annotated[
    bool, typer.Option("--judge", help="Ask the second predictor, trained on other videos: for experiments.")
]
critic_app = typer.Typer(help="Train, evaluate and use the popularity predictor.", no_args_is_help=True)


@with_settings(
    "renderer", "model", "video_url", "seconds", "aspect", "preset", "seed", "size", "frames", "fps", "steps",
    "guidance", "negative_prompt", "memory", "speed", "cover_model", "render_timeout", "cache_dir",
)  # fmt: skip
def render(
    prompt: Annotated[str, typer.Argument(help="The video prompt, in quotes.")],
    out: Annotated[Path, typer.Option(help="Where to write the clip (.mp4); the cover is put beside it as .png.")],
    title: Annotated[str, typer.Option(help="Title lettered on the clip and the cover.")] = "",
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="Build the model from its config, to measure it without weights.")
    ] = False,
    benchmark: Annotated[
        bool, typer.Option("--benchmark", help="Compare the model's speed settings with its plain render.")
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(help="With --benchmark: a folder made by `critic train --videos`, whose score reads the picture."),
    ] = None,
    as_json: Json = False,
    **flags: Any,
) -> None:
    """Render one clip from PROMPT, without research, writing or scoring."""
    from . import console
    from .graph.context import load_context
    from .graph.folders import place_file
    from .progress import Follower
    from .tools import renderers
    from .tools.errors import InputError

    if weights is not None and not benchmark:
        raise InputError("--weights belongs to --benchmark, which shows the critic's score; add it or leave it out.")
    console.trace()
    context = load_context(**flags)
    request = renderers.RenderRequest(
        prompt=prompt,
        title=title,
        random_weights=random_weights,
        **context.model_dump(include=set(renderers.RenderRequest.model_fields)),
    )
    with Follower() as follower:
        follower({"node": "render", "event": "start"})
        left = renderers.Remaining()

        def progress(step: int, total: int) -> None:
            follower({"node": "render", "message": left(step, total), "step": step, "total": total})

        if benchmark:
            _benchmark(request, context, out, progress, weights, as_json)
            return
        clip = renderers.render(
            request, context.renderer, context.cache_dir / "clips", progress, timeout=context.render_timeout
        )
    place_file(clip.path, out, link=False)  # the user's own copies: editing them must not reach the cache
    place_file(clip.cover_path, out.with_suffix(".png"), link=False)
    console.show_clip(clip, out.absolute(), as_json)


def verify(
    file: Annotated[Path, typer.Argument(help="A video file.")],
    as_json: Json = False,
) -> None:
    """Read FILE's content credentials and check that nothing was changed since it was signed."""
    from . import console
    from .tools.provenance import verify as check

    found = check(file)
    console.show_verdict(found, as_json)
    if found.state != "valid":
        raise typer.Exit(1)


def _benchmark(
    request: "RenderRequest", context: "Context", out: Path, progress: "Progress", weights: Path | None, as_json: bool
) -> None:
    """Measure every speed setting, keep the plain clip at OUT, and print the table."""
    import tempfile

    from . import console
    from .graph.folders import place_file
    from .tools.renderers.benchmark import benchmark as measure_settings
    from .tools.renderers.benchmark import scorer

    score, scored = scorer(request.title, request.prompt, weights, context.cache_dir)
    with tempfile.TemporaryDirectory() as name:
        rows = measure_settings(request, context.renderer, Path(name), progress, score)
        for file in Path(name).iterdir():
            place_file(file, out if file.suffix == ".mp4" else out.with_suffix(".png"), link=False)
    console.show_benchmark(rows, scored, as_json)


@exemplars_app.command("build")
@with_settings("embedding")
def exemplars_build(
    source: Annotated[
        str, typer.Argument(help="A MicroLens folder, a CSV or JSONL file, a Hugging Face dataset, or `starter`.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write the store to.")],
    preset: Annotated[str | None, typer.Option(help="Columns of a known export: plain or youtube-studio.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=COLUMN, such as title='Video title'; repeatable.")
    ] = None,
    partition: Annotated[
        Literal["test", "all"],
        typer.Option(help="Of a whole MicroLens copy: its test split, which the predictor never saw, or everything."),
    ] = "test",
    as_json: Json = False,
    **flags: Any,
) -> None:
    """Read SOURCE, embed every title once, and write a store for `run --exemplars DIR`."""
    from . import console
    from .graph.context import load_context
    from .progress import Follower
    from .tools.errors import InputError
    from .tools.exemplars import build_store

    pairs = [pair.partition("=") for pair in column or []]
    if any(not (field and equals and name) for field, equals, name in pairs):
        raise InputError("--column takes FIELD=COLUMN, such as --column title='Video title'.")
    columns = {field: name for field, _, name in pairs}
    context = load_context(**flags)
    with Follower() as follower:

        def progress(step: int, total: int) -> None:
            follower({"node": "exemplars", "message": "embedding titles", "step": step, "total": total})

        manifest = build_store(
            source,
            out,
            preset=preset,
            columns=columns or None,
            embedding=context.embedding,
            partition=partition,
            progress=progress,
        )
    console.show_manifest(manifest, out, as_json)


@exemplars_app.command("search")
@with_settings("k", "tags", "split", "embedding")
def exemplars_search(
    query: Annotated[str, typer.Argument(help="What to look for, in quotes.")],
    source: Annotated[str, typer.Option("--from", help="starter, or a folder made by `exemplars build`.")] = "starter",
    as_json: Json = False,
    **flags: Any,
) -> None:
    """Show the popular and unpopular exemplars that a script on QUERY would learn from."""
    import json

    from . import console
    from .graph.context import load_context
    from .tools.exemplars import open_store, search
    from .tools.query import validate_query

    context = load_context(**flags)
    query = validate_query(query)
    found = search(open_store(source, context.embedding), query, k=context.k, tags=context.tags, split=context.split)
    if as_json:
        records = [exemplar.model_dump(mode="json") for exemplar in found.exemplars]
        answer = {"query": query, "tags": found.tags, "note": found.note, "exemplars": records}
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        console.out().print(console.exemplar_table(found.exemplars, f"In {', '.join(found.tags)}"))
        if found.note:
            console.out().print(found.note, markup=False)


@critic_app.command("train")
def critic_train(
    data: Annotated[Path, typer.Option(help="CSV with video_id, title, comment_count and split (train or valid).")],
    out: Annotated[Path, typer.Option(help="The folder to write weights and card to.")],
    seed: Annotated[int, typer.Option(help="Seed of the training.")] = 0,
    judge_share: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.5,
            help="Keep so large a part of the videos from the critic, and train a judge on it (OUT/judge).",
        ),
    ] = 0.0,
    videos: Annotated[
        Path | None, typer.Option(help="A folder with the clips, <video_id>.mp4: also learn from their frames.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Folder or hub name of the image model that reads the frames (ViT, CLIP, SigLIP)."),
    ] = None,
    captioner: Annotated[
        str | None,
        typer.Option(help="Folder or hub name of a BLIP model: similar clips are found by its captions too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train the popularity predictor and write its weights and card; a stopped training goes on where it was."""
    from . import console
    from .graph.context import load_context
    from .progress import Follower
    from .tools.errors import InputError
    from .tools.popularity.clips import Clips
    from .tools.popularity.train import train

    if (videos is None) != (encoder is None):
        raise InputError("--videos and --encoder belong together: the clips, and the image model that reads them.")
    clips = None
    if videos is not None and encoder is not None:
        clips = Clips(videos, encoder, captioner, load_context().cache_dir)

    with Follower() as follower:
        card = train(data, out, seed=seed, judge_share=judge_share, clips=clips, progress=follower.notice)
    console.show_record(card, as_json)


@critic_app.command("evaluate")
def critic_evaluate(
    data: Annotated[Path, typer.Option(help="CSV with video_id, title, comment_count.")],
    bank: Annotated[
        Path | None, typer.Option(help="CSV of your own videos, which the predictor and the baselines may look up.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A folder made by `critic train`; without it, the shipped weights.")
    ] = None,
    judge: Judge = False,
    as_json: Json = False,
) -> None:
    """Measure the predictor on DATA, with and without hashtags: nMSE, Spearman rank correlation, MAE, and baselines."""
    from . import console
    from .progress import Follower
    from .tools.popularity.evaluate import evaluate

    with Follower() as follower:
        figures = evaluate(data, weights=weights, bank=bank, judge=judge, progress=follower.notice)
    console.show_record(figures, as_json)


@critic_app.command("score")
def critic_score(
    title: Annotated[str, typer.Option(help="The title to score.")],
    video: Annotated[Path | None, typer.Option(help="Also measure this finished clip.")] = None,
    video_prompt: Annotated[
        str,
        typer.Option(help="What the clip shows, in place of captions, for weights that were trained with captions."),
    ] = "",
    weights: Annotated[
        Path | None, typer.Option(help="A folder made by `critic train`; without it, the shipped weights.")
    ] = None,
    judge: Judge = False,
    as_json: Json = False,
) -> None:
    """Estimate how popular a title is likely to be: a rank among MicroLens videos, never a promise."""
    from . import console
    from .graph.context import load_context
    from .tools.popularity.predictor import frames_for, score_titles
    from .tools.signals import measure

    signals = None if video is None else measure(video)
    seen = None if video is None or judge else frames_for(video, weights, load_context().cache_dir, video_prompt)
    score = score_titles([title], weights=weights, judge=judge, seen=seen)[0]
    console.show_score(title, score, signals, as_json)
