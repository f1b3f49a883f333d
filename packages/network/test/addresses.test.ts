import { multiaddr } from "@multiformats/multiaddr";
import { expect, it } from "vitest";
import { type AddressLookup, resolveAddresses } from "../src/addresses.ts";

const records: Readonly<Record<string, readonly string[]>> = {
  "/dnsaddr/boot.example": ["/dnsaddr/a.example", "/dnsaddr/b.example", "/dnsaddr/gone.example"],
  "/dnsaddr/a.example": ["/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/udp/1/quic-v1"],
  "/dnsaddr/b.example": ["/dns/b.example/tcp/2", "/ip4/192.0.2.1/tcp/1"],
  "/dnsaddr/loop.example": ["/dnsaddr/loop.example"],
};
const lookUp: AddressLookup = async (name) => {
  const found = records[name.toString()];
  if (found === undefined) throw new Error("NXDOMAIN");
  return found.map((text) => multiaddr(text));
};

it("looks behind dnsaddr names, two deep, each address once", async () => {
  expect(await resolveAddresses("/dnsaddr/boot.example", undefined, lookUp)).toEqual([
    "/ip4/192.0.2.1/tcp/1",
    "/ip4/192.0.2.1/udp/1/quic-v1",
    "/dns/b.example/tcp/2",
  ]);
  expect(await resolveAddresses("/dns/b.example/tcp/2", undefined, lookUp)).toEqual(["/dns/b.example/tcp/2"]);
});

it("ends on loops, missing names and aborts", async () => {
  const malformed = { code: "network/address-malformed" };
  await expect(resolveAddresses("/dnsaddr/loop.example", undefined, lookUp)).rejects.toMatchObject(malformed);
  await expect(resolveAddresses("/dnsaddr/gone.example", undefined, lookUp)).rejects.toMatchObject(malformed);
  const aborted = resolveAddresses("/dnsaddr/boot.example", AbortSignal.abort(), lookUp);
  await expect(aborted).rejects.toMatchObject({ code: "host/aborted" });
});
