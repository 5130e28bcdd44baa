#include "release/runner.hpp"

#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/directory_watch.hpp"
#include "base/duration.hpp"
#include "base/give_way.hpp"
#include "base/heap.hpp"
#include "release/mailbox.hpp"
#include "release/reconciler.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {
namespace {

using Clock = Reconciler::Clock;

// Several changes often come together (a copy, then a rename; a plan, then its apply): one pass serves them all, and
// one report. Who asks meanwhile does not wait for either.
constexpr std::chrono::milliseconds kDebounce{10};
// Of many plugins a report takes milliseconds, in which a release waits. Between two is at least so many times as long.
constexpr int kTimesBetweenReports = 20;
// After a release, before memory is given back to the system: another one may come.
constexpr std::chrono::milliseconds kCalm{250};
// A look unasked now and then: some file systems tell nothing of changes made elsewhere.
constexpr std::chrono::seconds kUnaskedLook{30};
constexpr std::chrono::seconds kLookWithoutWatch{1};
// Between two looks whether whoever has asked for an observation still waits for it.
constexpr std::chrono::milliseconds kBetweenQuestions{100};
constexpr auto kNever = Clock::time_point::max();
}  // namespace

class Runner::Impl {
 public:
  Impl(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
       std::vector<runtime::Service*> services, base::Files& files, Observer observer)
      : settings_(settings),
        observer_(std::move(observer)),
        is_paused_(settings.starts_paused),
        mailbox_(std::make_shared<Mailbox>()),
        reconciler_(std::move(settings), std::move(catalog), contracts, std::move(services), files, reaper(mailbox_),
                    stopping_.get_token()) {}

  ~Impl() { stop(); }

  void start(Begun begun) {
    watch(settings_.drop_directory);
    watch(settings_.plugins_directory);
    thread_ = std::thread([this, begun = std::move(begun)] { loop(begun); });
  }

  void wake() { mailbox_->post(&Mailbox::is_woken); }

  void look_at_everything() {
    mailbox_->post(&Mailbox::is_distrusting);
    wake();
  }

  /// Has the release thread do something before its next look, and report.
  void post(std::function<void(Reconciler&)> task) {
    {
      const std::lock_guard lock(mailbox_->mutex);
      if (mailbox_->is_stop_begun) return;
      mailbox_->requests.push_back([this, task = std::move(task)](bool is_served) {
        if (is_served) task(reconciler_);
      });
    }
    mailbox_->changed.notify_all();
  }

  void tell_crashed(const telemetry::CrashMark& crash) {
    post([this, crash](Reconciler& reconciler) {
      if (!is_paused_ && reconciler.count_worker(crash)) wake();
    });
  }

  base::Result<Plan> plan() {
    const auto looks = settings_.applies_by_itself ? Looks::no : Looks::as_a_pass_would;
    return ask_for_change<Plan>([](Reconciler& reconciler) { return reconciler.plan(); }, looks);
  }

  base::Result<Outcome> apply(const std::string& who) {
    return ask_for_change<Outcome>([who](Reconciler& reconciler) { return reconciler.apply(who); },
                                   Looks::as_a_pass_would);
  }

  base::Result<void> pause(const Mailbox::Patience& patience) {
    return to_void(mailbox_->ask<bool>(
        [this] {
          reconciler_.end_observation("the host is being replaced");
          reconciler_.put_canary_off();
          report();
          return is_paused_ = true;
        },
        patience));
  }

  base::Result<void> resume() {
    return to_void(ask<bool>([this](Reconciler& reconciler) {
      reconciler.record_start();
      is_paused_ = false;
      wake();
      report();
      return true;
    }));
  }

  base::Result<ObservationReport> observe(std::chrono::milliseconds duration, const std::string& who,
                                          const std::function<bool()>& is_wanted) {
    if (duration < kShortestObservation || duration > kLongestObservation) {
      return base::Error{base::ErrorCode::invalid_argument, "calls are observed for " +
                                                                base::format_duration(kShortestObservation) + " to " +
                                                                base::format_duration(kLongestObservation) +
                                                                ", not for " + base::format_duration(duration)};
    }
    const auto begun = ask_for_change<Reconciler::BegunObservation>(
        [duration, who](Reconciler& reconciler) { return reconciler.begin_observation(duration, who); });
    if (!begun) return begun.error();
    bool is_waited_for = true;
    while (begun->result.wait_for(kBetweenQuestions) != std::future_status::ready) {
      if (!is_waited_for || is_wanted()) continue;
      is_waited_for = false;
      post([number = begun->number](Reconciler& reconciler) {
        reconciler.end_observation(number, "nobody waits for it any more");
      });
    }
    return begun->result.get();
  }

  /// Has the release thread call the reconciler, and waits for what it says.
  template <class T>
  base::Result<T> ask(const std::function<base::Result<T>(Reconciler&)>& question) {
    return mailbox_->ask<T>([this, question] { return question(reconciler_); }, {});
  }

  enum class Looks { no, as_a_pass_would };

  /// As ask(), for what writes in the state directory. It may do all that a pass which is due was to do.
  template <class T>
  base::Result<T> ask_for_change(const std::function<base::Result<T>(Reconciler&)>& question, Looks looks = Looks::no) {
    return ask<T>([this, question, looks](Reconciler& reconciler) -> base::Result<T> {
      if (!is_paused_ && looks == Looks::as_a_pass_would) heed_wake();
      if (!is_paused_) return question(reconciler);
      return base::Error{base::ErrorCode::unavailable,
                         "the host is being replaced by another one; ask again when that is done"};
    });
  }

  void begin_stop() {
    if (!thread_.joinable()) return;
    watches_.clear();
    mailbox_->post(&Mailbox::is_stop_begun);
    stopping_.request_stop();
    mailbox_->wait_for(&Mailbox::are_hooks_done);
  }

  std::size_t stop() {
    if (!thread_.joinable()) return left_behind_;
    begin_stop();
    mailbox_->post(&Mailbox::is_ending);
    thread_.join();
    return left_behind_;
  }

 private:
  static base::Result<void> to_void(const base::Result<bool>& result) {
    return result ? base::Result<void>() : base::Result<void>(result.error());
  }

  static Starter::Reap reaper(const std::shared_ptr<Mailbox>& mailbox) {
    return [mailbox](runtime::Generation* gone) {
      {
        const std::lock_guard lock(mailbox->mutex);
        if (!mailbox->is_closed) {
          mailbox->reaped.push_back(gone);
          mailbox->changed.notify_all();
          return;
        }
      }
      // It was left behind and the release thread has ended: who let go of it last brings it to its end.
      gone->retire();
      delete gone;
    };
  }

  void watch(const std::filesystem::path& directory) {
    auto started = base::DirectoryWatch::start(directory, [this] { wake(); });
    if (started) {
      watches_.push_back(std::move(*started));
    } else {
      look_every_ = kLookWithoutWatch;
      telemetry::log(telemetry::Level::warning, "release", "looking every second instead of watching",
                     {{"reason", started.error().message}});
    }
  }

  void loop(const Begun& begun) {
    const telemetry::CrashStack stack;
    base::widen_heap();
    reconciler_.begin(is_paused_ ? Reconciler::Record::later : Reconciler::Record::now);
    unasked_look_ = Clock::now() + look_every_;
    report();
    if (!stopping_.stop_requested()) begun();
    while (wait()) {
      bool has_changed = retire_reaped();
      has_changed |= is_paused_ ? reconciler_.drains().cut_overdue() : reconciler_.do_chores();
      has_changed |= serve_requests(true);
      const bool is_due = !is_paused_ && pass_at_ <= Clock::now() && heed_wake();
      if (is_due) reconciler_.pass();
      has_changed |= is_due;
      if (has_changed) report_at_ = std::min(report_at_, std::max(Clock::now() + kDebounce, next_report_));
      if (report_at_ <= Clock::now()) report();
      if (shrink_at_ <= Clock::now()) shrink();
    }
    serve_requests(false);
    reconciler_.give_up_observation();
    if (report_at_ != kNever) report();
    reconciler_.stop_hooks();
    mailbox_->post(&Mailbox::are_hooks_done);
    mailbox_->wait_for(&Mailbox::is_ending);
    drain();
  }

  /// Waits for something to do; false when the stop has begun.
  bool wait() {
    std::unique_lock lock(mailbox_->mutex);
    const auto look_at = is_paused_ ? kNever : std::min(reconciler_.next_look().value_or(kNever), unasked_look_);
    const auto chores = is_paused_ ? reconciler_.drains().next_cut() : reconciler_.next_chores();
    for (;;) {
      const auto now = Clock::now();
      if (look_at <= now) mailbox_->is_woken = true;
      const bool is_woken = mailbox_->is_woken && !is_paused_;
      // From the first of the changes on, or there would be no pass while they go on.
      if (is_woken && pass_at_ == kNever) pass_at_ = now + kDebounce;
      const auto until = std::min({is_woken ? pass_at_ : look_at, chores.value_or(kNever), report_at_, shrink_at_});
      const bool is_asked = !mailbox_->reaped.empty() || !mailbox_->requests.empty();
      if (mailbox_->is_stop_begun || is_asked || until <= now) return !mailbox_->is_stop_begun;
      mailbox_->changed.wait_until(lock, until);
    }
  }

  /// True when there were some.
  bool serve_requests(bool is_served) {
    for (bool has_served = false;; has_served = true) {
      std::function<void(bool)> request;
      {
        const std::lock_guard lock(mailbox_->mutex);
        if (mailbox_->requests.empty()) return has_served;
        request = std::move(mailbox_->requests.front());
        mailbox_->requests.pop_front();
      }
      request(is_served);
      base::give_way();  // whoever asked goes on before what is left to do
    }
  }

  bool take(bool Mailbox::*flag) {
    const std::lock_guard lock(mailbox_->mutex);
    return std::exchange((*mailbox_).*flag, false);
  }

  /// Whether a look is due; now and then it is one at everything, however often others come in between.
  bool heed_wake() {
    pass_at_ = kNever;
    if (!take(&Mailbox::is_woken)) return false;
    if (!take(&Mailbox::is_distrusting) && Clock::now() < unasked_look_) return true;
    reconciler_.distrust_files();
    shrink();
    unasked_look_ = Clock::now() + look_every_;
    return true;
  }

  /// True when there were some.
  bool retire_reaped() {
    std::vector<runtime::Generation*> reaped;
    {
      const std::lock_guard lock(mailbox_->mutex);
      reaped.swap(mailbox_->reaped);
    }
    for (auto* generation : reaped) reconciler_.drains().retire(generation);
    if (!reaped.empty()) shrink_at_ = Clock::now() + kCalm;
    return !reaped.empty();
  }

  /// What releases have needed for a moment is not kept.
  void shrink() {
    shrink_at_ = kNever;
    base::shrink_heaps();
  }

  /// Lets go of everything and retires what comes back in time.
  void drain() {
    reconciler_.let_go();
    const auto deadline = Clock::now() + settings_.stop_timeout;
    while (reconciler_.drains().count() > 0 && Clock::now() < deadline) {
      {
        std::unique_lock lock(mailbox_->mutex);
        mailbox_->changed.wait_until(lock, deadline, [&] { return !mailbox_->reaped.empty(); });
      }
      retire_reaped();
    }
    mailbox_->post(&Mailbox::is_closed);
    retire_reaped();
    left_behind_ = reconciler_.left_behind();
    report();
  }

  void report() {
    report_at_ = kNever;
    base::give_way();
    const auto begin = Clock::now();
    if (!is_paused_) observer_(reconciler_.status());
    const auto end = Clock::now();
    next_report_ = end + kTimesBetweenReports * (end - begin);
    base::give_way();
  }

  RunnerSettings settings_;
  Observer observer_;
  bool is_paused_;  // the release thread's, from start() on
  std::shared_ptr<Mailbox> mailbox_;
  std::stop_source stopping_;
  Reconciler reconciler_;  // the release thread's, from start() to its end
  std::vector<base::DirectoryWatch> watches_;
  std::chrono::seconds look_every_{kUnaskedLook};
  Clock::time_point unasked_look_;        // the release thread's
  Clock::time_point report_at_ = kNever;  // the release thread's
  Clock::time_point next_report_{};       // the release thread's: not before
  Clock::time_point shrink_at_ = kNever;  // the release thread's: when releases have not retired anything for a while
  Clock::time_point pass_at_ = kNever;    // the release thread's: the end of the debounce; never: nobody has woken it
  std::thread thread_;
  std::size_t left_behind_ = 0;  // written by the release thread before it ends
};

Runner::Runner(RunnerSettings settings, std::unique_ptr<catalog::Catalog> catalog, runtime::Contracts& contracts,
               std::vector<runtime::Service*> services, base::Files& files, Observer observer)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(catalog), contracts, std::move(services), files,
                                   std::move(observer))) {}
Runner::~Runner() = default;
void Runner::start(Begun begun) { impl_->start(std::move(begun)); }
void Runner::wake() { impl_->wake(); }
void Runner::look_at_everything() { impl_->look_at_everything(); }
void Runner::tell_changed() {
  impl_->post([](Reconciler&) {});
}
void Runner::tell_crashed(const telemetry::CrashMark& crash) { impl_->tell_crashed(crash); }
base::Result<void> Runner::pause(std::chrono::steady_clock::time_point deadline, std::stop_token giving_up) {
  return impl_->pause({.deadline = deadline, .giving_up = std::move(giving_up)});
}
base::Result<void> Runner::resume() { return impl_->resume(); }
void Runner::begin_stop() { impl_->begin_stop(); }
std::size_t Runner::stop() { return impl_->stop(); }

base::Result<Plan> Runner::plan() { return impl_->plan(); }
base::Result<Outcome> Runner::apply(const std::string& who) { return impl_->apply(who); }
base::Result<Outcome> Runner::rollback(std::optional<std::uint64_t> release, const std::string& who) {
  return impl_->ask_for_change<Outcome>([=](Reconciler& reconciler) { return reconciler.rollback(release, who); });
}
base::Result<Outcome> Runner::pardon(const std::string& plugin, const std::string& who) {
  return impl_->ask_for_change<Outcome>([=](Reconciler& reconciler) { return reconciler.pardon(plugin, who); });
}
base::Result<std::vector<HistoryEntry>> Runner::history(std::size_t limit) {
  return impl_->ask<std::vector<HistoryEntry>>([=](Reconciler& reconciler) { return reconciler.history(limit); });
}
base::Result<ObservationReport> Runner::observe(std::chrono::milliseconds duration, const std::string& who,
                                                const std::function<bool()>& is_wanted) {
  return impl_->observe(duration, who, is_wanted);
}
base::Result<Status> Runner::status() {
  return impl_->ask<Status>([](Reconciler& reconciler) { return reconciler.status(); });
}

}  // namespace mortise::release
