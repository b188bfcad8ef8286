// `crypto`: random numbers, digests and signatures.

import { notWhileBuilding } from 'engine:environment';
import { digest, hmac, isHmac, randomBytes } from 'engine:native';
import { bytesOf } from 'engine:text';

/** The most random bytes at once, as the standard says. */
const MOST = 65_536;
/** The hash functions, and the length of the block that each works on, in bytes. */
const HASHES = { 'SHA-1': 64, 'SHA-256': 64, 'SHA-384': 128, 'SHA-512': 128 };

function getRandomValues(array) {
  const isFit =
    ArrayBuffer.isView(array) &&
    !(array instanceof DataView || array instanceof Float32Array || array instanceof Float64Array);
  if (!isFit) throw new DOMException('random values go into an array of integers', 'TypeMismatchError');
  if (array.byteLength > MOST)
    throw new DOMException(`there are at most ${MOST} random bytes at once`, 'QuotaExceededError');
  notWhileBuilding('random numbers');
  bytesOf(array).set(randomBytes(array.byteLength));
  return array;
}

function randomUUID() {
  notWhileBuilding('random numbers');
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export class CryptoKey {
  #bytes;

  constructor(bytes, algorithm, extractable, usages) {
    this.#bytes = bytes;
    this.type = 'secret';
    this.algorithm = algorithm;
    this.extractable = extractable;
    this.usages = usages;
  }

  static bytes(key, usage) {
    if (!(key instanceof CryptoKey)) throw new TypeError('the key is no CryptoKey');
    if (usage !== undefined && !key.usages.includes(usage))
      throw new DOMException(`the key may not be used to ${usage}`, 'InvalidAccessError');
    return key.#bytes;
  }
}

function hashOf(algorithm) {
  const name = String(typeof algorithm === 'string' ? algorithm : algorithm?.name).toUpperCase();
  if (!Object.hasOwn(HASHES, name))
    throw unsupported(`the hash function ${name}; there are ${Object.keys(HASHES).join(', ')}`);
  return name;
}

function onlyHmac(algorithm) {
  const name = String(typeof algorithm === 'string' ? algorithm : algorithm?.name).toUpperCase();
  if (name !== 'HMAC') throw unsupported(`${name}; keys are for HMAC alone`);
}

function unsupported(what) {
  return new DOMException(`\`crypto.subtle\` has not got ${what}`, 'NotSupportedError');
}

/** A copy, so that what the caller changes later changes nothing. */
function copyOf(bytes) {
  return bytesOf(bytes).slice();
}

const absent = ['encrypt', 'decrypt', 'deriveBits', 'deriveKey', 'wrapKey', 'unwrapKey', 'generateKey'].map(
  (name) => [
    name,
    async () => {
      throw unsupported(`\`${name}\`; there are digest, importKey, exportKey, sign and verify`);
    },
  ],
);

const subtle = {
  ...Object.fromEntries(absent),

  async digest(algorithm, data) {
    return digest(hashOf(algorithm), copyOf(data)).buffer;
  },

  async importKey(format, data, algorithm, extractable, usages) {
    if (format !== 'raw') throw unsupported(`keys in the format ${format}; there is raw`);
    onlyHmac(algorithm);
    const bytes = copyOf(data);
    if (bytes.length === 0) throw new DOMException('the key is empty', 'DataError');
    const hash = { name: hashOf(algorithm.hash) };
    return new CryptoKey(bytes, { name: 'HMAC', hash, length: bytes.length * 8 }, Boolean(extractable), [
      ...usages,
    ]);
  },

  async exportKey(format, key) {
    if (format !== 'raw') throw unsupported(`keys in the format ${format}; there is raw`);
    const bytes = CryptoKey.bytes(key);
    if (!key.extractable) throw new DOMException('the key may not be exported', 'InvalidAccessError');
    return bytes.slice().buffer;
  },

  async sign(algorithm, key, data) {
    onlyHmac(algorithm);
    const bytes = CryptoKey.bytes(key, 'sign');
    return hmac(key.algorithm.hash.name, bytes, copyOf(data)).buffer;
  },

  async verify(algorithm, key, signature, data) {
    onlyHmac(algorithm);
    const bytes = CryptoKey.bytes(key, 'verify');
    return isHmac(key.algorithm.hash.name, bytes, copyOf(signature), copyOf(data));
  },
};

export const crypto = { getRandomValues, randomUUID, subtle };
