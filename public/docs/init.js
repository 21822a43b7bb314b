// Without these two, Swagger UI would ask validator.swagger.io about the description, and a
// description named in the page's address could be shown as if it were this gateway's.
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  validatorUrl: null,
  queryConfigEnabled: false,
  deepLinking: true,
});
