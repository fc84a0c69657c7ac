project = "Guest"
html_js_files = [("@SITE@widget.js", {"async": "async"})]
