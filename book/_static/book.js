// Font Awesome would watch the page and replace icons inside widgets, which breaks them.
window.FontAwesomeConfig = { observeMutations: false };
