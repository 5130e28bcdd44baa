// All that an ordinary plugin needs. A plugin that counts compile time includes single headers instead.
#pragma once

#include <mortise/assets.hpp>
#include <mortise/error.hpp>
#include <mortise/event_stream.hpp>
#include <mortise/http.hpp>
#include <mortise/log.hpp>
#include <mortise/plugin.hpp>
#include <mortise/request.hpp>
#include <mortise/response.hpp>
#include <mortise/websocket.hpp>
