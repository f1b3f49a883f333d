import { isCopseError } from "@copse/primitives";
import { NetworkError } from "./errors.ts";

/** How a protocol's decoders fail. */
export interface StrictReading {
  /** Runs a decoder; what lower packages throw becomes `network/message-malformed`. */
  reading<T>(what: string, read: () => T): T;
  /** The error of a message that breaks a rule of the protocol's own. */
  malformed(what: string, reason: string, cause?: Error): NetworkError;
}

/** The one way in which messages of a protocol are told to be malformed. */
export function strictReading(protocol: string): StrictReading {
  const malformed = (what: string, reason: string, cause?: Error): NetworkError =>
    new NetworkError("network/message-malformed", { protocol, what, reason }, { cause });
  return {
    malformed,
    reading(what, read) {
      try {
        return read();
      } catch (error) {
        if (error instanceof NetworkError || !isCopseError(error)) throw error;
        throw malformed(what, error.message, error);
      }
    },
  };
}
