import { expect, it } from "vitest";
import { guard } from "../src/yamux-muxer.ts";

it("a new stream over a connection that has closed fails, and nothing is thrown into the void", async () => {
  const lost = new Error("Cannot write to a stream that is closed");
  const aborted: Error[] = [];
  const stream = {
    sendWindowUpdate: (): void => {
      throw lost;
    },
    abort: (error: Error): void => void aborted.push(error),
  };
  const muxer = {
    onCreateStream: () => {
      queueMicrotask(() => stream.sendWindowUpdate()); // as yamux does
      return stream;
    },
  };
  guard(muxer);
  expect(muxer.onCreateStream()).toBe(stream);
  await Promise.resolve();
  await Promise.resolve();
  expect(aborted).toEqual([lost]);
});
