/** What a directory lets happen in it: its access control list, and whether it is about to go. */
import { encodeSecurityDescriptor, parseSddl } from '../../src/wire/dtyp/index.ts'
import {
  FileDispositionInformation,
  FileInformationClass,
  FileLinkInformation,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import { AdditionalInformation, CreateDisposition, CreateOptions, InfoType } from '../../src/wire/smb2/index.ts'
import { close, create, setInfo, tryCreate } from '../simulation/files.ts'
import { scenario, statusIs, succeeded, type World } from '../simulation/world.ts'

const FULL_ACCESS = 0x001f_01ff
const directory = { createOptions: CreateOptions.DIRECTORY_FILE }

/** A directory `d` with this list, made by a client that stays logged on. */
async function directoryWith(world: World, dacl: string) {
  const client = await world.client()
  const made = await create(client, { ...directory, name: 'd', desiredAccess: FULL_ACCESS })
  const descriptor = encodeSecurityDescriptor(parseSddl(dacl))
  succeeded(
    await setInfo(client, made, 0, descriptor, {
      infoType: InfoType.SECURITY,
      additionalInformation: AdditionalInformation.DACL,
    }),
  )
  succeeded(await close(client, made))
  return client
}

scenario(
  'files are made where the list of their directory says so, and directories where it says that',
  {},
  async (world) => {
    // Everybody may list and add directories (0x4), and not add files (0x2).
    const client = await directoryWith(world, 'D:(A;;0x1200ad;;;WD)')
    statusIs(await tryCreate(client, { name: 'd\\file' }), 'STATUS_ACCESS_DENIED')
    await close(client, await create(client, { ...directory, name: 'd\\sub' }))
  },
)

scenario(
  'a name is added to a directory only where its list says so, by a rename and by a link',
  { files: { a: '' } },
  async (world) => {
    const client = await directoryWith(world, 'D:(A;;0x1200a9;;;WD)')
    const file = await create(client, { name: 'a' })
    const target = { fileName: 'd\\a', replaceIfExists: false }
    const { FileLinkInformation: linkClass, FileRenameInformation: renameClass } = FileInformationClass
    statusIs(await setInfo(client, file, renameClass, FileRenameInformation.encode(target)), 'STATUS_ACCESS_DENIED')
    statusIs(await setInfo(client, file, linkClass, FileLinkInformation.encode(target)), 'STATUS_ACCESS_DENIED')
    const elsewhere = { fileName: 'b', replaceIfExists: false }
    succeeded(await setInfo(client, file, renameClass, FileRenameInformation.encode(elsewhere)))
  },
)

scenario('nothing is made in a directory that is about to go', {}, async (world) => {
  const client = await world.client()
  const going = await create(client, { ...directory, name: 'd', desiredAccess: FULL_ACCESS })
  const dispose = (deletePending: boolean) =>
    setInfo(
      client,
      going,
      FileInformationClass.FileDispositionInformation,
      FileDispositionInformation.encode({ deletePending }),
    )
  succeeded(await dispose(true))
  statusIs(
    await tryCreate(client, { name: 'D\\a', createDisposition: CreateDisposition.CREATE }),
    'STATUS_DELETE_PENDING',
  )
  succeeded(await dispose(false))
  await close(client, await create(client, { name: 'd\\a', createDisposition: CreateDisposition.CREATE }))
})
