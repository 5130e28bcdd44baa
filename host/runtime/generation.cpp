#include "runtime/generation.hpp"

#include <array>
#include <exception>
#include <utility>

#include "loader/image.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/tables.hpp"
#include "telemetry/log.hpp"

namespace mortise::runtime {
namespace {

const void* get_interface(mortise_host* host, mortise_str id) {
  if (host == nullptr || id.data == nullptr) return nullptr;
  return Generation::from(host).interface({id.data, static_cast<std::size_t>(id.size)});
}

}  // namespace

const char* to_string(GenerationState state) {
  switch (state) {
    case GenerationState::initialising: return "initialising";
    case GenerationState::active: return "active";
    case GenerationState::stopping: return "stopping";
    case GenerationState::retired: return "retired";
    case GenerationState::failed: return "failed";
  }
  return "unknown";
}

GenerationRef::GenerationRef(const std::shared_ptr<Generation>& of)
    : number(of->number()), generation(of.get()), holder(of) {}

Generation::Generation(std::uint64_t number, GenerationSpec spec, std::span<Service* const> services)
    : number_(number),
      spec_(std::move(spec)),
      services_(services.begin(), services.end()),
      number_text_(std::to_string(number)),
      version_text_(spec_.manifest->version.to_string()),
      containment_(spec_.manifest->name, number_text_),
      memory_(MemoryAccount::of(spec_.manifest->name)) {
  table_.struct_size = sizeof table_;
  table_.host = reinterpret_cast<mortise_host*>(this);
  table_.get_interface = &get_interface;
}

const void* Generation::interface(std::string_view id) const noexcept {
  if (const void* own = find_offer(own_offers(), id)) return own;
  for (const Service* service : services_) {
    if (const void* table = service->interface(id)) return table;
  }
  return nullptr;
}

Service* Generation::service_of(std::string_view id) const noexcept {
  for (Service* service : services_) {
    if (service->interface(id) != nullptr) return service;
  }
  return nullptr;
}

base::Result<void> Generation::init() {
  auto outcome = run_init();
  auto expected = GenerationState::initialising;
  const auto next = outcome ? GenerationState::active : GenerationState::failed;
  if (!state_.compare_exchange_strong(expected, next, std::memory_order_acq_rel) && outcome) destroy_instance();
  return outcome;
}

base::Result<void> Generation::run_init() {
  for (Service* service : services_) {
    if (auto prepared = service->prepare(*this); !prepared) return prepared;
    // Who gives it up from here on knows that the service is not busy with it.
    auto wanted = GenerationState::initialising;
    if (!state_.compare_exchange_strong(wanted, wanted, std::memory_order_acq_rel)) {
      return base::Error{base::ErrorCode::aborted, "it was given up"};
    }
  }
  if (auto called = call_init(); !called) return called;
  for (Service* service : services_) {
    auto whole = service->initialised(*this);
    if (whole) continue;
    destroy_instance();
    return whole;
  }
  return {};
}

base::Result<void> Generation::call_init() {
  if (spec_.stand_in) {
    code_ = spec_.stand_in(spec_);
  } else {
    auto image = loader::Image::load(spec_.image);
    if (!image) return image.error();
    code_ = std::move(*image);
    code_owner_.emplace(code_->range(), name(), number_text_, spec_.sha256);
  }
  return call("init", [this](void*, mortise_error* error) { return code_->plugin().init(&table_, &self_, error); });
}

base::Result<void> Generation::call(const char* name, const Hook& hook) {
  const telemetry::LogScope scope(this->name(), number_text_, {});
  std::array<char, 1024> text{};
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  const std::string what = name;
  // No exception may cross the ABI; a plugin that lets one out in spite of that fails alone.
  try {
    const mortise_status status = hook(self_, &error);
    if (status == MORTISE_OK) return {};
    const std::string message(text.data(), std::min<std::size_t>(error.size, text.size()));
    return base::Error{to_code(status), what + " failed: " + (message.empty() ? "no message given" : message)};
  } catch (const std::exception& exception) {
    return base::Error{base::ErrorCode::internal, what + " let an exception out: " + exception.what()};
  } catch (...) {
    return base::Error{base::ErrorCode::internal, what + " let an exception out that is no std::exception"};
  }
}

const void* Generation::offered(std::string_view id) {
  const auto& plugin = code_->plugin();
  if (!MORTISE_HAS(mortise_plugin_v1, &plugin, get_interface) || plugin.get_interface == nullptr) return nullptr;
  const void* table = nullptr;
  const auto asked = call("get_interface", [&](void* self, mortise_error*) {
    table = plugin.get_interface(self, to_abi(id));
    return MORTISE_OK;
  });
  return asked ? table : nullptr;
}

std::shared_ptr<const Traffic> Generation::watch(Traffic::Duration slow_after) {
  if (!watched_) {
    watched_ = std::make_shared<Traffic>(slow_after);
    traffic_.store(watched_.get(), std::memory_order_release);
  }
  return watched_;
}

std::optional<loader::ProcessReport> Generation::process() const {
  return has_code() ? code_->process() : std::nullopt;
}

std::optional<loader::HostReport> Generation::remote_host() const { return has_code() ? code_->host() : std::nullopt; }

/// For whoever is not the control thread.
bool Generation::has_code() const noexcept {
  const auto now = state();
  return now == GenerationState::active || now == GenerationState::stopping;
}

bool Generation::give_up() noexcept {
  auto expected = GenerationState::initialising;
  return state_.compare_exchange_strong(expected, GenerationState::failed, std::memory_order_acq_rel);
}

void Generation::stop() {
  auto expected = GenerationState::active;
  if (!state_.compare_exchange_strong(expected, GenerationState::stopping, std::memory_order_acq_rel)) return;
  if (code_->plugin().stop == nullptr) return;
  const telemetry::LogScope scope(name(), number_text_, {});
  try {
    code_->plugin().stop(self_);
  } catch (...) {
    telemetry::log(telemetry::Level::error, "plugin", "stop let an exception out");
  }
}

void Generation::destroy_instance() noexcept {
  const telemetry::LogScope scope(name(), number_text_, {});
  try {
    code_->plugin().destroy(self_);
  } catch (...) {
    telemetry::log(telemetry::Level::error, "plugin", "destroy let an exception out");
  }
  self_ = nullptr;
}

bool Generation::retire() {
  const auto before = state_.exchange(GenerationState::retired, std::memory_order_acq_rel);
  if (before == GenerationState::active || before == GenerationState::stopping) destroy_instance();
  code_owner_.reset();
  if (code_ == nullptr) return true;
  if (!spec_.manifest->unloadable) code_->keep_mapped();
  return code_->unload();
}

}  // namespace mortise::runtime
