// docs/config.md says what the schema says.

import { expect, test } from "bun:test";
import { CONFIG_PAGE, configPage } from "../../scripts/generate-config-docs.ts";
import { fields } from "../../src/config/fields.ts";

test("docs/config.md is up to date: run scripts/generate-config-docs.ts if it is not", async () => {
  expect(await Bun.file(CONFIG_PAGE).text()).toBe(configPage());
});

test("every setting has a description, a variable and what it allows", () => {
  for (const field of fields) {
    expect(field.description).not.toBe("");
    expect(field.variable).toMatch(/^DOORBUSTER_[A-Z_]+$/);
    expect(field.default).toBeDefined();
  }
});
