import { CborReader, CborWriter } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import {
  readCid,
  readCommitments,
  readList,
  readPower,
  writeBytes,
  writeCid,
  writeCommitments,
  writeList,
  writePower,
} from "./fields.ts";
import { maxSignatureLength, maxSignersLength, maxTipsetKeyLength, publicKeyLength } from "./limits.ts";
import { readSigners } from "./signers.ts";
import type { F3Tipset, FinalityCertificate, PowerTableDelta, SupplementalData } from "./types.ts";

/**
 * The bytes of a certificate.
 *
 * Shape: CBOR array(6): instance, chain, supplemental data, signers (RLE+), signature, changes of the power table.
 *
 * @throws {F3Error} `f3/too-long`, `f3/length-wrong`: no decoder would read them
 * @throws {CborError} `cbor/out-of-range`
 * @see go-f3:certs/cbor_gen.go
 * @example
 * encodeCertificate(decodeCertificate(bytes)) // => bytes
 */
export function encodeCertificate(certificate: FinalityCertificate): Uint8Array {
  const writer = new CborWriter(2048);
  writer.array(6).uint(certificate.instance);
  writeList(writer, "chain", certificate.chain, writeTipset);
  writeSupplementalData(writer, certificate.supplementalData);
  writeBytes(writer, "signers", certificate.signers, maxSignersLength);
  writeBytes(writer, "signature", certificate.signature, maxSignatureLength);
  writeList(writer, "power table delta", certificate.powerTableDelta, writeDelta);
  return writer.finish();
}

/**
 * Reads a certificate; bytes after it are refused. Whether it holds is for `verifyCertificates` to tell.
 *
 * Canonical bytes only, so that a certificate and its bytes are one-to-one: shortest heads, numbers without leading zeros;
 * a chain is a list, never null. Signers are as go-bitfield reads them.
 *
 * Bound: 8192 tipsets and changes, keys of 760 B, signers of 32 KiB, a signature of 2 MiB, an instance below 2^53.
 * Cost: one copy of `bytes`, which the certificate keeps views of.
 *
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @throws {F3Error} `f3/number-malformed`, `f3/length-wrong`, `f3/signers-malformed`
 * @see go-f3:certs/cbor_gen.go
 * @example
 * decodeCertificate(bytes).chain.at(-1)?.epoch // the epoch that is final
 */
export function decodeCertificate(bytes: Uint8Array): FinalityCertificate {
  const reader = new CborReader(bytes.slice());
  const certificate = readCertificate(reader);
  reader.end();
  return certificate;
}

function readCertificate(reader: CborReader): FinalityCertificate {
  reader.array(6);
  const instance = reader.safeUint();
  const chain = readList(reader, readTipset);
  const supplementalData = readSupplementalData(reader);
  const signers = reader.bytes(maxSignersLength);
  readSigners(signers, instance);
  const signature = reader.bytes(maxSignatureLength);
  const powerTableDelta = readList(reader, readDelta);
  return { instance, chain, supplementalData, signers, signature, powerTableDelta };
}

function readTipset(reader: CborReader): F3Tipset {
  reader.array(4);
  const epoch = reader.safeInt();
  const key = reader.bytes(maxTipsetKeyLength) as TipsetKey;
  const powerTable = readCid(reader);
  return { epoch, key, powerTable, commitments: readCommitments(reader, "commitments of a tipset") };
}

function writeTipset(writer: CborWriter, { epoch, key, powerTable, commitments }: F3Tipset): void {
  writer.array(4).int(epoch);
  writeBytes(writer, "key of a tipset", key, maxTipsetKeyLength);
  writeCid(writer, powerTable);
  writeCommitments(writer, "commitments of a tipset", commitments);
}

function readSupplementalData(reader: CborReader): SupplementalData {
  reader.array(2);
  const commitments = readCommitments(reader, "commitments of an instance");
  return { commitments, powerTable: readCid(reader) };
}

function writeSupplementalData(writer: CborWriter, { commitments, powerTable }: SupplementalData): void {
  writer.array(2);
  writeCommitments(writer, "commitments of an instance", commitments);
  writeCid(writer, powerTable);
}

function readDelta(reader: CborReader): PowerTableDelta {
  reader.array(3);
  const id = reader.uint();
  const powerDelta = readPower(reader, "change of power");
  return { id, powerDelta, signingKey: reader.bytes(publicKeyLength) };
}

function writeDelta(writer: CborWriter, { id, powerDelta, signingKey }: PowerTableDelta): void {
  writer.array(3).uint(id);
  writePower(writer, "change of power", powerDelta);
  writeBytes(writer, "signing key", signingKey, publicKeyLength);
}
