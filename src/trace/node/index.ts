/** `smbkit/trace/node`: what Node does for the analyser, which by itself needs nothing of it. */
export { nodeCiphers } from './ciphers.ts'
