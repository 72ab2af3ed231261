// Holds viem to the vectors: `node vectors/check.mjs [file]` from contracts/. Exit code 1 names what differs.
import { readFileSync } from 'node:fs'
import {
  compactSignatureToSignature,
  hashTypedData,
  parseCompactSignature,
  recoverTypedDataAddress,
  serializeSignature,
} from 'viem'

const file = process.argv[2] ?? '../tests/vectors/eip712.json'
const { types, vectors } = JSON.parse(readFileSync(file, 'utf8'))
const wrong = []
const expand = (compact) => serializeSignature(compactSignatureToSignature(parseCompactSignature(compact)))

for (const { name, kind, domain, message, digest, form, signature, signer } of vectors) {
  const typedData = { types: types[kind], primaryType: kind, domain, message }
  const found = hashTypedData(typedData)
  if (found !== digest) wrong.push(`${name}: digest ${found}, expected ${digest}`)
  const full = form === 'compact' ? expand(signature) : signature
  const who = await recoverTypedDataAddress({ ...typedData, signature: full })
  if (who.toLowerCase() !== signer) wrong.push(`${name}: signer ${who}, expected ${signer}`)
}

if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${vectors.length} vectors agree`)
