// Starts Swagger UI on the OpenAPI document of this Baton. No validator, no address outside.
const root = document.querySelector("#api-docs");
const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
const system = window.matchMedia("(prefers-color-scheme: dark)");

// Dark as the theme of the account says, else as the system does.
function paint() {
  const page = document.documentElement;
  page.classList.toggle("dark-mode", page.dataset.theme ? page.dataset.theme === "dark" : system.matches);
}

paint();
system.addEventListener("change", paint);

window.SwaggerUIBundle({
  domNode: root,
  url: root.dataset.url,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  requestInterceptor(request) {
    const token = csrf();
    if (token && request.url.startsWith(location.origin)) request.headers["X-CSRFToken"] = token;
    return request;
  },
});
