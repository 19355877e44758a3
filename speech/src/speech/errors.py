"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

from typing import Any

from pydantic import ValidationError


class APIError(Exception):
    """A request failed; the message is what its sender reads."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """`kind` is OpenAI's `type`; `retry_after` is in seconds."""
        super().__init__(message)
        self.status = status
        self.headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code},
        }


def invalid(message: str, param: str | None = None, code: str = "invalid_value") -> APIError:
    return APIError(400, message, param=param, code=code)


def no_such_model(model: str, ours: str) -> APIError:
    message = f"The model {model[:80]!r} does not exist here; this endpoint has {ours!r}."
    return APIError(404, message, param="model", code="model_not_found")


def busy(kind: str, retry_after: int) -> APIError:
    message = f"The queue for {kind} requests is full or too slow. Try again in {retry_after} s."
    return APIError(429, message, "rate_limit_error", code="rate_limit_exceeded", retry_after=retry_after)


def still_loading() -> APIError:
    return APIError(503, "The models are still loading.", "server_error", code="loading", retry_after=2)


def broken() -> APIError:
    return APIError(500, "The server failed at this request; its log says why.", "server_error")


def from_validation(error: ValidationError) -> APIError:
    """Return the first problem that pydantic found, as OpenAI would word it."""
    problem = error.errors(include_url=False, include_context=False)[0]
    param = ".".join(str(part) for part in problem["loc"]) or None
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "json_invalid":
        return invalid(f"The body is not JSON: {message}.", code="invalid_json")
    if problem["type"] == "missing":
        return invalid(f"Missing required parameter: {param!r}.", param, "missing_required_parameter")
    return invalid(f"Invalid value for {param!r}: {message}.", param)
