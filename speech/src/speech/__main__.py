"""`python -m speech` serves; with `--check` it loads every model, runs each once, and exits."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from speech.api.app import App
from speech.cores import usable_cores
from speech.logs import set_up_logging
from speech.models.engines import Engines
from speech.models.weights import MissingWeightsError, Weights, find_weights
from speech.settings import Settings, explain

# s. livekit-plugins-openai keeps a connection for 120 s: the client, which may still send, must be the first to close.
KEEP_ALIVE = 150
SHUTDOWN_GRACE = 3  # s for requests in progress when the server is told to stop


def main() -> int:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # otherwise onnxruntime reports to its maker; it reads this on import
    options = _options()
    try:
        settings = Settings()
        found = find_weights(options.models, settings.speech_size)
    except ValidationError as error:
        return _refuse(explain(error))
    except MissingWeightsError as error:
        return _refuse([str(error)])
    set_up_logging(settings.log_level, settings.log_format)
    load = partial(_load, found, settings)
    if options.check:
        load()
        return 0
    return _serve(load, settings, options.host, options.port)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="speech", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("/models"), help="where the weights are")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 a container's own network
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--check", action="store_true", help="load every model, run it once, and exit")
    return parser.parse_args()


def _load(found: Weights, settings: Settings) -> Engines:
    # Imported here, in a thread, so that /health answers during the second that the imports take.
    from speech.models.loading import load_engines

    return load_engines(found, settings.speech_size, settings.speech_threads or usable_cores())


def _serve(load: partial[Engines], settings: Settings, host: str, port: int) -> int:
    failed = False

    def give_up() -> None:
        nonlocal failed
        failed = server.should_exit = True

    app = App(load, settings.speech_queue, give_up).starlette()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=SHUTDOWN_GRACE,
        )
    )
    server.run()
    return 1 if failed else 0


def _refuse(problems: list[str]) -> int:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    head = f"The configuration is not usable ({count}); nothing was changed.\n"
    sys.stderr.write(head + "".join(f"  {problem}\n" for problem in problems))
    return 2


if __name__ == "__main__":
    sys.exit(main())
