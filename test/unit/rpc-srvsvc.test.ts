import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { headerOf, requestPackets, sealed } from '../../src/rpc/packets.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { openNamedPipe } from '../../src/server/named-pipe.ts'
import type { ServiceContext } from '../../src/server/services/context.ts'
import { Bind, BindAck, PacketType, Response, TransferSyntax } from '../../src/wire/dcerpc/index.ts'
import { failed } from '../../src/wire/erref/failure.ts'

const context: ServiceContext = {
  serverName: 'SERVER',
  comment: 'a test',
  shares: () => [{ name: 'files', type: 'disk', comment: 'all of them' }],
  user: { kind: 'user', user: 'tester', domain: 'SERVER', sid: 'S-1-5-21-1-2-3-1000' },
}

test('bind and list', () => {
  const pipe = openNamedPipe('SrvSvc', context)
  if (failed(pipe)) assert.fail()
  const bind = sealed(
    Bind.encode({
      header: headerOf(PacketType.BIND, 1),
      maxTransmitFragment: 4280,
      maxReceiveFragment: 4280,
      associationGroupId: 0,
      contexts: [{ contextId: 0, abstractSyntax: Srvsvc.syntax, transferSyntaxes: [TransferSyntax.NDR20] }],
    }),
  )
  const ack = pipe.transceive(bind, 4096)
  if (failed(ack) || ack instanceof Promise) assert.fail()
  assert.equal(BindAck.decode(viewOf(ack.data)).results.results[0]?.result, 0)
  const { NetrShareEnum } = Srvsvc.operations
  const stub = NetrShareEnum.in.write({
    serverName: 'x',
    shares: { info: { tag: 1, value: { entries: null } } },
    preferredMaximumLength: 0xffff_ffff,
    resumeHandle: null,
  })
  for (const packet of requestPackets({ callId: 2, contextId: 0, operationNumber: 15 }, stub, 4280)) {
    const read = pipe.transceive(packet, 4096)
    if (failed(read) || read instanceof Promise) assert.fail()
    const out = NetrShareEnum.out.read(Response.decode(viewOf(read.data)).stub)
    assert.equal(out.result, 0)
    assert.deepEqual(out.shares.info, {
      tag: 1,
      value: { entriesRead: 1, entries: [{ name: 'files', type: 0, comment: 'all of them' }] },
    })
  }
})
