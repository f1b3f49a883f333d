import { yamux } from "@libp2p/yamux";

type Factory = ReturnType<typeof yamux>;

/** What is used of a stream and of its muxer. */
interface OpensWindows {
  sendWindowUpdate(): void;
  abort(error: Error): void;
}
interface CreatesStreams {
  onCreateStream(...given: unknown[]): OpensWindows;
}

/**
 * Yamux, whose new streams tell a lost connection as an error of their own.
 *
 * A new stream tells the other side of itself in a microtask. Where the connection has closed by then, yamux throws there,
 * with nobody to catch it: a peer that leaves at the wrong moment would end the process.
 *
 * @see js-libp2p:packages/stream-multiplexer-yamux/src/muxer.ts onCreateStream
 */
export function sturdyYamux(...options: Parameters<typeof yamux>): Factory {
  const factory = yamux(...options);
  return (...components) => {
    const plain = factory(...components);
    const create = plain.createStreamMuxer.bind(plain);
    plain.createStreamMuxer = (...given) => {
      const muxer = create(...given);
      guard(muxer as unknown as CreatesStreams);
      return muxer;
    };
    return plain;
  };
}

/** Makes the streams of a muxer fail by themselves where they cannot be told of. */
export function guard(muxer: CreatesStreams): void {
  const open = muxer.onCreateStream.bind(muxer);
  muxer.onCreateStream = (...given) => {
    const stream = open(...given);
    const tell = stream.sendWindowUpdate.bind(stream);
    stream.sendWindowUpdate = () => {
      try {
        tell();
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)));
      }
    };
    return stream;
  };
}
