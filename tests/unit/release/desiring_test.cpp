// What is kept between one look and the next changes nothing of what is found: over random sequences of changes, the
// desired state and the plan are as if each time were the first.
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <random>

#include "make_wanted.hpp"
#include "release/desired.hpp"
#include "release/planner.hpp"

namespace mortise::release {
namespace {

using testing::make_config;
using testing::make_record;

const std::filesystem::path kDrop = "/drop";
constexpr std::array<const char*, 7> kNames{"bank", "bank-two", "coins", "mail", "post", "shop", "till"};
constexpr std::array<const char*, 4> kContracts{"money/1", "money/2", "mail/1", "coins/1"};

std::string text_of(const Wanted& wanted) {
  return wanted.name() + " " + wanted.record->manifest->version.to_string() + " " + wanted.config->config_text + " (" +
         wanted.why + ")";
}

/// All that is said of it.
std::string text_of(const Desired& desired) {
  std::string text;
  for (const auto* one : desired.wanted_in_order()) text += "wanted " + text_of(*one) + "\n";
  text += std::to_string(desired.wanted.size()) + "\n";
  for (const auto& one : desired.unmet) {
    text += "unmet " + one.name + " " + std::to_string(static_cast<int>(one.kind)) + " " + one.reason + one.exhibit +
            (one.record ? one.record->path : "-") + "\n";
  }
  for (const auto& one : desired.diagnostics) text += "fault " + one.to_string() + "\n";
  for (const auto& one : desired.choices) text += "choice " + text_of(one) + "\n";
  for (const auto& one : desired.enabled) text += "enabled " + one->file + " " + one->version + "\n";
  for (const auto& one : desired.lifted) text += "lifted " + one + "\n";
  return text;
}

std::string text_of(const Plan& plan) {
  std::string text;
  for (const auto& step : plan.steps) {
    text += std::string(to_string(step.kind)) + " " + step.plugin + " " + step.from_version + ">" + step.to_version +
            " " + step.reason;
    for (const auto& contract : step.contracts) text += " " + contract;
    for (const auto& affected : step.affected) text += " !" + affected;
    text += "\n";
  }
  for (const auto& refusal : plan.refusals) {
    text += "refused " + refusal.plugin + " " + refusal.reason + (refusal.keeps_running ? " runs" : "") + "\n";
  }
  return text;
}

/// Files, configs and memories at random.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void change() {
    const std::string name = pick(kNames);
    switch (below(12)) {
      case 0: configs.erase(name + ".json"); break;
      case 1: problems.erase("/plugins.d/" + name + ".json"); break;
      case 2:
        configs.erase(name + ".json");
        problems["/plugins.d/" + name + ".json"] = below(2) + 1;
        break;
      case 3: remove_record(name); break;
      case 4: memory.failures.erase(name); break;
      case 5: remember_failure(name); break;
      case 6: memory.holds.erase(name); break;
      case 7: hold(name); break;
      case 8:
      case 9: records.put(some_record(name)); break;
      default: put_config(name); break;
    }
  }

  [[nodiscard]] config::LoadedPlugins plugins() const {
    config::LoadedPlugins loaded{.plugins = configs, .problems = {}};
    for (const auto& [file, count] : problems) {
      for (unsigned i = 0; i < count; ++i) {
        loaded.problems.push_back({.file = file, .line = i + 1, .pointer = "/x", .message = "broken"});
      }
    }
    return loaded;
  }

  /// As if a release had brought it, or a part of it.
  void run(const Desired& desired) {
    for (const auto& wanted : desired.wanted) {
      if (below(4) != 0) memory.running.put({wanted.name(), wanted.member()});
    }
    for (const auto before = memory.running; const auto& [name, member] : before) {
      if (!desired.wanted.contains(name) && below(4) != 0) memory.running.erase(name);
    }
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  config::PluginConfigSet configs;
  std::map<std::string, unsigned> problems;  // by file
  catalog::RecordSet records;
  Memory memory;

 private:
  template <class List>
  const char* pick(const List& list) {
    return list[below(static_cast<unsigned>(list.size()))];
  }

  catalog::RecordPtr some_record(const std::string& name) {
    std::string extra;
    if (below(2) != 0) extra += testing::provides(pick(kContracts));
    const auto more = std::array{R"(,"provider":"<3")", R"(,"optional":true)", ""}[below(3)];
    if (below(2) != 0) extra += testing::needs(pick(kContracts), more);
    auto record = *make_record(name, std::to_string(below(4) + 1) + ".0.0", extra);
    record.sha256 += extra;
    if (below(8) == 0) {
      record.state = catalog::FileState::rejected;
      record.reason = "is a text file";
    }
    return std::make_shared<const catalog::Record>(std::move(record));
  }

  void remove_record(const std::string& name) {
    for (const auto before = records; const auto& record : before) {
      if (record->manifest->name == name && below(2) != 0) records.erase(record->path);
    }
  }

  void put_config(const std::string& name) {
    const auto config = make_config(name, std::array{"*", "*", "<3", ">=2", "one"}[below(5)]);
    config->enabled = below(5) != 0;
    if (below(6) == 0) config->config_text = R"({"size":2})";
    problems.erase(config->file);
    configs.put(config);
  }

  void remember_failure(const std::string& name) {
    const Member member{.record = some_record(name), .config_text = below(3) == 0 ? "" : "{}"};
    memory.failures[name] = {
        {.member = member, .reason = "init: no", .against = {}, .is_marked = member.config_text.empty()}};
  }

  void hold(const std::string& name) {
    Hold held{.member = {}, .instead_of = {}, .reason = "rolled back"};
    if (below(3) != 0) held.member = Member{.record = some_record(name), .config_text = "{}"};
    const auto choices = desire(plugins(), records, kDrop, memory).choices;
    if (const auto choice = choices.find(name); choice != choices.end()) held.instead_of = choice->identity();
    memory.holds[name] = std::move(held);
  }

  std::mt19937 random_;
};

TEST(Desiring, FindsWhatItWouldFindTheFirstTime) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    World world(seed);
    Desiring desiring;
    Planner planner;
    for (int step = 0; step < 120; ++step) {
      for (auto changes = world.below(3); changes > 0; --changes) world.change();
      const auto plugins = world.plugins();
      const auto known = desiring.desire(plugins, world.records, kDrop, world.memory);
      const auto fresh = desire(plugins, world.records, kDrop, world.memory);
      ASSERT_EQ(text_of(known), text_of(fresh)) << "seed " << seed << ", step " << step;
      const auto plan = text_of(planner.plan(known, world.memory.running));
      ASSERT_EQ(plan, text_of(make_plan(fresh, world.memory.running))) << "seed " << seed << ", step " << step;
      if (world.below(3) == 0) world.run(known);
    }
  }
}

/// As one plugin among many changes, which all call each other and are refused by none.
TEST(Desiring, FindsWhatItWouldFindTheFirstTimeAmongManyThatRun) {
  World world(1);
  Desiring desiring;
  Planner planner;
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("knot" + std::to_string(i));
  const auto record_of = [&](std::size_t i, unsigned version) {
    const auto extra = testing::provides(names[i] + "/1") + (i < 5 ? "" : testing::needs(names[i / 2] + "/1"));
    return make_record(names[i], std::to_string(version) + ".0.0", extra);
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    world.records.put(record_of(i, 1));
    world.configs.put(make_config(names[i]));
  }
  for (int step = 0; step < 200; ++step) {
    const auto plugins = world.plugins();
    const auto known = desiring.desire(plugins, world.records, kDrop, world.memory);
    const auto fresh = desire(plugins, world.records, kDrop, world.memory);
    ASSERT_EQ(text_of(known), text_of(fresh)) << step;
    const auto plan = planner.plan(known, world.memory.running);
    ASSERT_EQ(text_of(plan), text_of(make_plan(fresh, world.memory.running))) << step;
    ASSERT_EQ(plan.steps.size(), step == 0 ? names.size() : 1) << step;
    for (const auto& wanted : known.wanted) world.memory.running.put({wanted.name(), wanted.member()});
    const auto next = world.below(static_cast<unsigned>(names.size()));
    world.records.put(record_of(next, static_cast<unsigned>(step) + 2));
  }
}

}  // namespace
}  // namespace mortise::release
