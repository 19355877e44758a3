"""Models of the requests. Fields of OpenAI's API that mean nothing here are ignored."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator


def _text_of(content: Any) -> Any:
    """Return the text of a message's content, which is a string, null, or a list of parts."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise ValueError("only parts of type 'text' can be read")
    return "\n".join(str(part.get("text", "")) for part in content)


def _or_nothing(given: Any) -> Any:
    """Let null stand for nothing, as clients write what they leave out."""
    return "" if given is None else given


def _functions_of(tools: Any) -> Any:
    """Leave out the tools that are no functions, such as OpenAI's own web search, which nobody here can call."""
    if not isinstance(tools, list):
        return tools
    return [tool for tool in tools if not isinstance(tool, dict) or tool.get("type", "function") == "function"]


class CalledFunction(BaseModel):
    name: str


class ToolCall(BaseModel):
    id: str
    function: CalledFunction


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, BeforeValidator(_text_of)] = ""
    tool_calls: Annotated[list[ToolCall] | None, BeforeValidator(_functions_of)] = None  # of the assistant's
    tool_call_id: str | None = None  # of a tool's: the call that this is the result of


class Function(BaseModel):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: Annotated[str, BeforeValidator(_or_nothing)] = ""
    parameters: Annotated[dict[str, Any], BeforeValidator(lambda given: given or {})] = {}  # a JSON schema


class Tool(BaseModel):
    type: Literal["function"]
    function: Function


class NamedFunction(BaseModel):
    name: str


class NamedTool(BaseModel):
    type: Literal["function"]
    function: NamedFunction


class StreamOptions(BaseModel):
    include_usage: bool = False


class ResponseFormat(BaseModel):
    type: Literal["text"]


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    seed: int | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    n: Literal[1] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool] | None, BeforeValidator(_functions_of)] = Field(None, max_length=64)
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None

    @model_validator(mode="after")
    def _named_tool_is_offered(self) -> Self:
        if isinstance(self.tool_choice, NamedTool) and not self.offered:
            raise ValueError(f"tool_choice names {self.tool_choice.function.name!r}, which is not among the tools")
        return self

    @property
    def offered(self) -> list[Function]:
        """The tools that may be called."""
        if self.tool_choice == "none":
            return []
        tools = [tool.function for tool in self.tools or ()]
        if isinstance(self.tool_choice, NamedTool):
            return [tool for tool in tools if tool.name == self.tool_choice.function.name]
        return tools

    @property
    def must_call(self) -> bool:
        """Whether the answer has to be a call."""
        return self.tool_choice not in (None, "none", "auto")

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class TranscriptionRequest(BaseModel):
    """The fields of the form, without its file."""

    model: str
    language: Literal["en", "english"] | None = None  # the model hears English only
    prompt: str | None = None
    response_format: Literal["json", "verbose_json", "text"] = "json"
    temperature: float = Field(0.0, ge=0, le=1)
    stream: Literal[False] = False


class SpeechRequest(BaseModel):
    model: str
    input: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]
    voice: Literal["heart"] = "heart"
    response_format: Literal["pcm", "wav"] = "wav"
    speed: float = Field(1.0, ge=0.5, le=2.0)
    stream_format: Literal["audio", "sse"] = "audio"
