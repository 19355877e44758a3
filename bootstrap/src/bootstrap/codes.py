"""What a command of bootstrap exits with."""

DONE = 0
DIFFERS = 1  # what was looked at is not as it should be
WRONG_SETTINGS = 2
FAILED = 3
INTERRUPTED = 130
MEANING = (
    "exit: 0 done; 1 what was looked at is not as it should be: the server or Twilio differs (show), or the call "
    "reaches no agent (explain); 2 wrong settings; 3 the server was unreachable, or the server or Twilio refused"
)
