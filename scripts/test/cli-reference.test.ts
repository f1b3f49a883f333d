import { describe, expect, it } from "vitest";
import { commandPage, fillParts, metricPage, table } from "../cli-reference.ts";

describe("table", () => {
  it("escapes what the site would take for a tag or a column, not what stands in code", () => {
    const rows = table(["a", "b"], [["`--x <y|z>`", "one of <y>, {z}"]]).split("\n");
    expect(rows[2]).toBe("| `--x <y\\|z>` | one of &lt;y>, &#123;z} |");
  });
});

describe("fillParts", () => {
  it("fills marked parts, and leaves a mark alone that it does not know", () => {
    const page =
      "a\n<!-- cli:begin exit-codes -->\nold\n<!-- cli:end -->\n<!-- cli:begin none -->\nb\n<!-- cli:end -->\n";
    const filled = fillParts(page);
    expect(filled).toContain("| `3` | data is not what it claims to be");
    expect(filled).not.toContain("old");
    expect(filled).toContain("<!-- cli:begin none -->\nb\n<!-- cli:end -->");
    expect(fillParts(filled)).toBe(filled);
  });
});

describe("pages", () => {
  it("name every command and option, and the metrics of network and sync", () => {
    expect(commandPage()).toContain("### copse chain assembled");
    expect(commandPage()).toContain("`COPSE_IDLE_SECONDS`");
    expect(metricPage()).toContain("`copse_network_gossip_verdicts_total`");
    expect(metricPage()).toContain("`copse_sync_liars_total`");
  });
});
