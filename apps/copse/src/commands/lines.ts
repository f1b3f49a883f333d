/** Lines on standard output, written many at a time. */
export interface Lines {
  add(line: string): void;
  /** Writes what has come together, where that is much; and lets signals and timers have their turn now and then. */
  turn(): Promise<void>;
  /** Writes what is left. */
  end(): Promise<void>;
}

const batchLength = 1 << 16;
const stepsAtOnce = 1024;

/** Lines that go out as fast as they are taken. */
export function createLines(writeBytes: (bytes: Uint8Array) => Promise<void>): Lines {
  let waiting: string[] = [];
  let length = 0;
  let steps = 0;
  const flush = async (): Promise<void> => {
    const bytes = new TextEncoder().encode(waiting.join(""));
    waiting = [];
    length = 0;
    if (bytes.length > 0) await writeBytes(bytes);
  };
  return {
    add(line) {
      waiting.push(`${line}\n`);
      length += line.length + 1;
    },
    async turn() {
      if (length >= batchLength) await flush();
      if (++steps % stepsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    },
    end: flush,
  };
}
