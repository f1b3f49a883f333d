import { describe, expect, it } from "vitest";
import { deadLinks, fillPage, packageTable } from "../readme.ts";
import type { Package } from "../workspace.ts";

const made = (name: string, layer: number | string, folder = `packages/${name}`): Package => ({
  folder,
  name: `@copse/${name}`,
  isApp: false,
  manifest: { name: `@copse/${name}`, copse: { layer, owns: `${name}s`, leaves: "the rest" } },
});

describe("packageTable", () => {
  it("orders by layer, what stands beside last, and links from where the page is", () => {
    const packages = [made("testkit", "beside"), made("car", 4), made("amt", 4), made("primitives", 0)];
    const rows = packageTable(packages, "README.md").split("\n").slice(2);
    expect(rows).toEqual([
      "| 0 | [`@copse/primitives`](packages/primitives) | primitivess | the rest |",
      "| 4 | [`@copse/amt`](packages/amt) | amts | the rest |",
      "| 4 | [`@copse/car`](packages/car) | cars | the rest |",
      "| – | [`@copse/testkit`](packages/testkit) | testkits | the rest |",
    ]);
    expect(packageTable([made("car", 4)], "docs/x/index.md")).toContain("[`@copse/car`](/reference/car)");
  });
});

describe("fillPage", () => {
  it("replaces what is between the marks, and nothing else", () => {
    const page = "a\n<!-- packages:begin -->old<!-- packages:end -->\nb\n";
    const filled = "a\n<!-- packages:begin -->\n\nT\n\n<!-- packages:end -->\nb\n";
    expect(fillPage(page, "T")).toBe(filled);
    expect(fillPage(filled, "T")).toBe(filled);
    expect(fillPage("no marks", "T")).toBe("no marks");
  });
});

describe("deadLinks", () => {
  it("names the line of a link that leads nowhere", () => {
    const page = "[a](there.md) [b](https://example.com) [c](#part)\n```\n[d](gone.md)\n```\n[e](gone.md#part)\n";
    const found = deadLinks("docs/x.md", page, (path) => path === "docs/there.md");
    expect(found.map(({ line, says }) => `${line} ${says}`)).toEqual(["5 gone.md leads nowhere"]);
  });
});
