// What the page says when something is not as it should be: a sentence for each case.
import { ConnectionErrorReason, DisconnectReason } from "../vendor/livekit-client.esm.mjs";

export const NO_AGENT =
  "Nobody answered within 15 seconds. Try again in a minute. On the host, make doctor says whether the agent is up.";
export const OTHER_TAB = "There is a call in another tab of this browser already. Hang up there first.";
export const LOST = "The connection to the server was lost, and with it the call. Check your network, then call again.";
export const LINE_LEFT = "The line hung up.";
export const HUNG_UP = "You hung up.";
export const MICROPHONE_GONE = "The microphone is gone: it was unplugged, or its permission was taken back. You can go on by typing.";
export const RECONNECTING = "The connection was interrupted. Reconnecting …";

const TYPE_INSTEAD = "You can type what you want to say.";

// Why a browser gave no microphone, by the name of its error.
export function microphoneTrouble(error) {
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return `The microphone was refused. Allow it in the browser's settings for this page, then call again. ${TYPE_INSTEAD}`;
    case "NotFoundError":
    case "OverconstrainedError":
      return `This device has no microphone that the browser can find. Connect one, then call again. ${TYPE_INSTEAD}`;
    case "NotReadableError":
    case "AbortError":
      return `The microphone does not work: another program may be using it. Close that, then call again. ${TYPE_INSTEAD}`;
    case "InsecureContextError":
      return `A browser gives its microphone only to pages at https:// or at localhost. ${TYPE_INSTEAD}`;
    default:
      return `The microphone could not be used. ${TYPE_INSTEAD}`;
  }
}

// Why a call could not begin: `error` is a sentence of the desk's, or what the connection to the server failed with.
export function beginningTrouble(error) {
  if (error instanceof Refused) return error.message;
  switch (error?.reason) {
    case ConnectionErrorReason.NotAllowed:
      return "The media server refused the call: the page may be too old. Load it again, then call.";
    case ConnectionErrorReason.LeaveRequest:
      return "The media server ended the call before it began. Try again in a minute.";
    default:
      return "The server cannot be reached, or your network blocks calls. Check your network, then call again.";
  }
}

// Why a call is over, by the reason that the server gave.
export function endingOf(reason) {
  switch (reason) {
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
    case DisconnectReason.PARTICIPANT_REMOVED:
      return LINE_LEFT;
    case DisconnectReason.SERVER_SHUTDOWN:
      return "The server was stopped, which ended the call.";
    case DisconnectReason.CLIENT_INITIATED:
      return HUNG_UP;
    default:
      return LOST;
  }
}

// Why the agent rejected the call, by its attribute landline.rejected.
export function rejectionOf(reason) {
  switch (reason) {
    case "busy":
      return "The line is busy: it holds as many calls as it can. Try again in a few minutes.";
    case "line_limit":
      return "The line has taken as many calls as it may for now. Try again later.";
    case "caller_limit":
      return "You have called this line as often as it allows. Try again later.";
    default:
      return "The line did not take the call.";
  }
}

// A sentence with which the desk refused a call.
export class Refused extends Error {}
