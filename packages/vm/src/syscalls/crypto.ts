import { hash, recoverPublicKey, signatureTypes, verifyBlsAggregate, verifySignature } from "../kernel/crypto.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import { everyFvm, type Syscall, syscall } from "./syscall.ts";

const blsKeySize = 48;
const blsSignatureSize = 96;
const secpSignatureSize = 65;
const digestSize = 32;

/** How a verification answers. */
const verdict = (holds: boolean): number => (holds ? 0 : -1);

/** Syscalls of module `crypto` that any chain could have. @see ref-fvm:fvm/src/syscalls/crypto.rs */
export const cryptoSyscalls: readonly Syscall[] = [
  syscall({
    module: "crypto",
    name: "verify_signature",
    fvm: everyFvm,
    params: [
      ["sig_type", "i32"],
      ["sig_off", "i32"],
      ["sig_len", "i32"],
      ["addr_off", "i32"],
      ["addr_len", "i32"],
      ["plaintext_off", "i32"],
      ["plaintext_len", "i32"],
    ],
    returns: layout.i32,
    run(kernel, memory, type, signatureAt, signatureLength, signerAt, signerLength, textAt, textLength) {
      if (type !== signatureTypes.secp256k1 && type !== signatureTypes.bls) {
        throw new SyscallError("IllegalArgument", `signature type ${type >>> 0}`);
      }
      const signature = memory.slice(signatureAt, signatureLength);
      const signer = memory.readAddress(signerAt, signerLength);
      const text = memory.slice(textAt, textLength);
      return verdict(verifySignature(kernel, type, signature, signer, text));
    },
  }),
  syscall({
    module: "crypto",
    name: "verify_bls_aggregate",
    fvm: [4],
    params: [
      ["num_signers", "i32"],
      ["sig_off", "i32"],
      ["pub_keys_off", "i32"],
      ["plaintexts_off", "i32"],
      ["plaintext_lens_off", "i32"],
    ],
    returns: layout.i32,
    run(kernel, memory, signers, signatureAt, keysAt, textsAt, lengthsAt) {
      const count = signers >>> 0;
      if (count * blsKeySize > 0xffffffff) throw new SyscallError("IllegalArgument", `${count} signers`);
      const signature = memory.slice(signatureAt, blsSignatureSize);
      const allKeys = memory.slice(keysAt, count * blsKeySize);
      const allLengths = memory.slice(lengthsAt, count * 4);
      const view = new DataView(allLengths.buffer, allLengths.byteOffset, allLengths.length);
      const lengths = Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true));
      const total = lengths.reduce((sum, length) => (sum + length) >>> 0, 0); // wraps, as the reference's sum does
      const texts = memory.slice(textsAt, total);
      const keys = lengths.map((_, index) => allKeys.subarray(index * blsKeySize, (index + 1) * blsKeySize));
      return verdict(verifyBlsAggregate(kernel, signature, keys, texts, lengths));
    },
  }),
  syscall({
    module: "crypto",
    name: "recover_secp_public_key",
    fvm: everyFvm,
    params: [
      ["hash_off", "i32"],
      ["sig_off", "i32"],
    ],
    returns: layout.bytes(65),
    run: (kernel, memory, digestAt, signatureAt) =>
      recoverPublicKey(kernel, memory.slice(digestAt, digestSize), memory.slice(signatureAt, secpSignatureSize)),
  }),
  syscall({
    module: "crypto",
    name: "hash",
    fvm: everyFvm,
    params: [
      ["hash_code", "i64"],
      ["data_off", "i32"],
      ["data_len", "i32"],
      ["digest_off", "i32"],
      ["digest_len", "i32"],
    ],
    returns: layout.u32,
    run(kernel, memory, code, dataAt, dataLength, digestAt, digestLength) {
      memory.assertBounds(digestAt, digestLength);
      const digest = hash(kernel, Number(BigInt.asUintN(64, code)), memory.slice(dataAt, dataLength));
      const length = Math.min(digest.length, digestLength >>> 0);
      memory.bytes.set(digest.subarray(0, length), digestAt >>> 0);
      return length;
    },
  }),
];
