import type { CodegenConfig } from "@graphql-codegen/cli";

// Types every graphql(...) document of the sources by the server's own schema, so that a change of the schema that
// breaks a screen fails the build. The generated code is not committed: the build writes it.
const config: CodegenConfig = {
  schema: "../../schema/schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "!src/api/generated/**"],
  generates: {
    "./src/api/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "readFragment" } },
      config: {
        enumType: "string-literal",
        scalars: { ID: "string", Date: "string", Time: "string", DateTime: "string" },
        strictScalars: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
