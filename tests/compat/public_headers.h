/* Every header of the C ABI. */
#ifndef MORTISE_TESTS_COMPAT_PUBLIC_HEADERS_H
#define MORTISE_TESTS_COMPAT_PUBLIC_HEADERS_H

#include <mortise/abi/assets.h>
#include <mortise/abi/config.h>
#include <mortise/abi/contracts.h>
#include <mortise/abi/events.h>
#include <mortise/abi/health.h>
#include <mortise/abi/host.h>
#include <mortise/abi/http.h>
#include <mortise/abi/kv.h>
#include <mortise/abi/log.h>
#include <mortise/abi/manifest_note.h>
#include <mortise/abi/memory.h>
#include <mortise/abi/plugin.h>
#include <mortise/abi/scope.h>
#include <mortise/abi/sql.h>
#include <mortise/abi/state.h>
#include <mortise/abi/tasks.h>
#include <mortise/abi/types.h>
#include <mortise/abi/websocket.h>

#endif /* MORTISE_TESTS_COMPAT_PUBLIC_HEADERS_H */
