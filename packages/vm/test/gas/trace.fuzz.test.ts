import { isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { parseTrace } from "../../src/gas/trace-json.ts";

const line = '{"name":"OnChainMessage","compute_gas":38863000,"other_gas":731100000,"elapsed_nanos":null}';

describe("fuzz", () => {
  fuzz(
    "trace of the reference",
    [utf8(line), utf8(`${line}\n${line}\n`), utf8('{"name":"","compute_gas":1e400,"other_gas":-1}')],
    (bytes) => {
      for (const { milligas } of parseTrace(new TextDecoder().decode(bytes))) {
        if (!Number.isSafeInteger(milligas)) throw new Error(`${milligas} milligas`);
      }
    },
    (error) => isCopseError(error, "vm/trace-malformed"),
  );
});
