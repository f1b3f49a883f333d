import type { Transport } from "@libp2p/interface";

/** Makes a transport of libp2p's components. */
export type TransportFactory = (components: never) => Transport;

/**
 * The QUIC transport, where `@chainsafe/libp2p-quic` is installed and its native part loads on this machine; else
 * undefined. It is an optional peer dependency: TCP suffices to reach every Filecoin peer.
 */
export async function quicTransport(): Promise<TransportFactory | undefined> {
  const name = "@chainsafe/libp2p-quic"; // in a variable, so that bundlers do not demand it
  try {
    const module = (await import(/* @vite-ignore */ name)) as { quic?: () => TransportFactory };
    return module.quic?.();
  } catch {
    return undefined;
  }
}
