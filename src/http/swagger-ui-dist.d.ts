// Swagger UI's files, imported for the path at which they are found, on disk or inside the binary.
declare module "swagger-ui-dist/swagger-ui-bundle.js" {
  const path: string;
  export = path;
}

declare module "swagger-ui-dist/swagger-ui.css" {
  const path: string;
  export = path;
}
