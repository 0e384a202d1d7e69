// Sealing and opening bids in the browser, by WebCrypto alone. The private keys and passphrases that go in here never
// leave the page: nothing in these modules fetches or sends anything.

export { Refusal, canonical, hex, unhex } from "./sealing/bytes.js";
export { readHead, readTerms } from "./sealing/envelope.js";
export {
  answerPossession,
  lockKey,
  lockRecovery,
  publicOf,
  unlockKey,
  unlockRecovery,
} from "./sealing/keyfiles.js";
export {
  checkBidderKey,
  checkContainer,
  checkCustodianKey,
  checkShare,
  joinShares,
  openEnvelope,
  openShare,
} from "./sealing/open.js";
export { fingerprint, hpkeOpen, hpkeSeal, keyOf, keySigner, newKey } from "./sealing/p256.js";
export { seal } from "./sealing/seal.js";
export { secretOf, wordsOf } from "./sealing/slip39.js";
