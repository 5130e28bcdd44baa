#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"

namespace mortise::cli {
namespace {

namespace fs = std::filesystem;

/// What the arguments are read into.
struct Options {
  fs::path config;
  std::string name;
  fs::path file;
  fs::path new_file;
  std::optional<std::uint64_t> release;
  unsigned history_limit = 20;
  bool only_check = false;
  bool as_json = false;
  std::string event;
  bool are_all = false;
  std::optional<std::int64_t> task;
  std::string duration = "5s";
};

/// The parser and what it found; a command sets `run`.
struct Parser {
  CLI::App app{"Serves independently built plugins from one process."};
  Options options;
  std::function<int()> run;
};

void add_host_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* serve_command = parser.app.add_subcommand("serve", "Serve the enabled plugins until SIGTERM or Ctrl-C");
  serve_command->add_flag("--check", options.only_check, "Only validate the configuration: 0 valid, 1 faults");
  serve_command->callback([&parser, &parts] {
    auto* const command = parser.options.only_check ? check_config : serve;
    parser.run = [&parser, &parts, command] { return command(parser.options.config, parts); };
  });
  parser.app.add_subcommand("version", "Print versions")->callback([&parser, &parts] {
    parser.run = [&parts] { return version(parts); };
  });
  auto* probe = parser.app.add_subcommand("probe", "Load one file and end")->group("");
  probe->add_option("FILE", options.file)->required();
  probe->callback([&parser, &parts] { parser.run = [&parser, &parts] { return parts.probe(parser.options.file); }; });
  parser.app.add_subcommand("worker", "Start processes that run one plugin each, for a host")
      ->group("")
      ->callback([&parser, &parts] { parser.run = parts.worker; });
}

void add_switch(Parser& parser, const Parts& parts, const char* name, const char* help, bool value) {
  auto* command = parser.app.add_subcommand(name, help);
  command->add_option("NAME", parser.options.name, "The plugin's name")->required();
  command->callback([&parser, &parts, value] {
    parser.run = [&parser, &parts, value] {
      return set_enabled(parser.options.config, parser.options.name, value, parts);
    };
  });
}

void add_plugin_commands(Parser& parser, const Parts& parts) {
  add_switch(parser, parts, "enable", "Let a plugin run", true);
  add_switch(parser, parts, "disable", "Keep a plugin from running", false);
  auto* list_command = parser.app.add_subcommand("list", "Show every plugin and its state");
  list_command->add_flag("--json", parser.options.as_json, "Print JSON");
  list_command->callback([&parser, &parts] {
    parser.run = [&parser, &parts] { return list(parser.options.config, parser.options.as_json, parts); };
  });
}

void add_file_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* check = parser.app.add_subcommand("check", "Say what the gate says of a file: 0 passes, 1 is rejected");
  check->add_option("FILE", options.file, "A plugin's .so")->required();
  check->add_flag("--json", options.as_json, "Print JSON");
  check->callback([&parser, &parts] {
    parser.run = [&options = parser.options, &parts] {
      return check_file(options.config, options.file, options.as_json, parts);
    };
  });
  auto* describe_command = parser.app.add_subcommand("describe", "Show a file's contracts with their methods");
  describe_command->add_option("FILE", options.file, "A plugin's .so")->required();
  describe_command->add_flag("--json", options.as_json, "Print JSON");
  describe_command->callback([&parser, &parts] {
    parser.run = [&options = parser.options, &parts] { return describe(options.file, options.as_json, parts); };
  });
  auto* diff_command =
      parser.app.add_subcommand("diff", "Compare two builds of a plugin: 0 compatible, 1 breaks other plugins");
  diff_command->add_option("OLD", options.file, "The .so that others were built against")->required();
  diff_command->add_option("NEW", options.new_file, "The .so that is to follow it")->required();
  diff_command->add_flag("--json", options.as_json, "Print JSON");
  diff_command->callback([&parser, &parts] {
    parser.run = [&options = parser.options, &parts] {
      return diff(options.file, options.new_file, options.as_json, parts);
    };
  });
}

void add_database_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* database = parser.app.add_subcommand("db", "Look after a plugin's database");
  database->add_option("NAME", options.name, "The plugin's name")->required();
  database->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, std::function<int()> run) {
    auto* command = database->add_subcommand(name, help);
    command->callback([&parser, run = std::move(run)] { parser.run = run; });
    return command;
  };
  add("backup", "Write a copy of it as it is now; the plugin goes on",
      [&options, &parts] { return back_up_database(options.config, options.name, options.file, parts); })
      ->add_option("FILE", options.file, "The copy, which must not be there yet")
      ->required();
  add("restore", "Put a copy in its place; the plugin must be disabled",
      [&options, &parts] { return restore_database(options.config, options.name, options.file, parts); })
      ->add_option("FILE", options.file, "The copy")
      ->required();
  add("check", "Look at every page and reference: 0 whole, 1 faults",
      [&options, &parts] { return check_database(options.config, options.name, parts); });
  add("shell", "Open it in `sqlite3`",
      [&options, &parts] { return open_database_shell(options.config, options.name, parts); });
}

/// A command that asks the running host.
CLI::App* add_question(Parser& parser, const char* name, const char* help, std::function<int()> run) {
  auto* command = parser.app.add_subcommand(name, help);
  command->add_flag("--json", parser.options.as_json, "Print JSON");
  command->callback([&parser, run = std::move(run)] { parser.run = run; });
  return command;
}

void add_release_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  add_question(parser, "plan", "Show what the running host would change, and change nothing",
               [&options, &parts] { return plan(options.config, options.as_json, parts); });
  add_question(parser, "apply", "Make the running host equal to its configuration: 1 when the release failed",
               [&options, &parts] { return apply(options.config, options.as_json, parts); });
  add_question(parser, "rollback", "Go back to a former release",
               [&options, &parts] { return rollback(options.config, options.release, options.as_json, parts); })
      ->add_option("N", options.release, "The release to go back to; else the one before the current")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  add_question(parser, "pardon", "Try a plugin's versions again that did not pass their trial or have crashed the host",
               [&options, &parts] { return pardon(options.config, options.name, options.as_json, parts); })
      ->add_option("NAME", options.name, "The plugin")
      ->required();
  add_question(parser, "upgrade-host", "Replace the running host by the executable now in its place, refusing nobody",
               [&options, &parts] { return upgrade_host(options.config, options.as_json, parts); });
  add_question(parser, "history", "Show the releases of the past, the newest last",
               [&options, &parts] { return history(options.config, options.history_limit, options.as_json, parts); })
      ->add_option("--limit", options.history_limit, "How many")
      ->check(CLI::Range(1, 1000));
  add_question(parser, "status", "Show what the running host's plugins are doing", [&options, &parts] {
    return status(options.config, options.name, options.as_json, parts);
  })->add_option("NAME", options.name, "A plugin, to show everything about it");
}

void add_advise_command(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* advise_command = add_question(
      parser, "advise", "Estimate from the calls of a while what moving plugins would cost", [&options, &parts] {
        return advise(options.config, options.name, *base::parse_duration(options.duration), options.as_json, parts);
      });
  advise_command->add_option("NAME", options.name, "A plugin, to show its methods, too; else all");
  advise_command->add_option("--for", options.duration, "How long calls are observed, from 100ms to 10m")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return base::parse_duration(text) ? std::string() : "'" + text + "' is no time such as 5s, 500ms or 2m";
      });
}

/// For one event of a subscriber, or for all that it was given up with.
void add_event_choice(Parser& parser, CLI::App& events, const std::string& name, const std::string& about,
                      std::function<int()> run) {
  Options& options = parser.options;
  auto* command = events.add_subcommand(name, about);
  command->add_option("PLUGIN", options.name, "Who has failed with them")->required();
  auto* one_or_all = command->add_option_group("which");
  one_or_all->add_option("ID", options.event, "One, as `mortise events dead` shows it");
  one_or_all->add_flag("--all", options.are_all, "All that the plugin was given up with");
  one_or_all->require_option(1);
  command->add_flag("--json", options.as_json, "Print JSON");
  command->callback([&parser, run = std::move(run)] { parser.run = run; });
}

void add_event_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* events = parser.app.add_subcommand("events", "Look after durable events that plugins have failed with");
  events->require_subcommand(1);
  auto* dead = events->add_subcommand("dead", "Show the events that were given up");
  dead->add_option("PLUGIN", options.name, "Who has failed with them; else all");
  dead->add_flag("--json", options.as_json, "Print JSON");
  dead->callback([&parser, &parts] {
    parser.run = [&options = parser.options, &parts] {
      return dead_events(options.config, options.name, options.as_json, parts);
    };
  });
  add_event_choice(parser, *events, "replay", "Have events that were given up come again", [&options, &parts] {
    return replay_events(options.config, options.name, options.event, options.as_json, parts);
  });
  add_event_choice(parser, *events, "discard", "Have events that a plugin cannot handle come no more",
                   [&options, &parts] {
                     return discard_events(options.config, options.name, options.event, options.as_json, parts);
                   });
}

void add_task_commands(Parser& parser, const Parts& parts) {
  Options& options = parser.options;
  auto* tasks =
      parser.app.add_subcommand("tasks", "Show a plugin's durable tasks: those that wait, fail, or were given up");
  tasks->add_option("NAME", options.name, "The plugin")->required();
  tasks->add_flag("--json", options.as_json, "Print JSON");
  auto* replay = tasks->add_subcommand("replay", "Have tasks that were given up run again");
  replay->add_option("ID", options.task, "One, as `mortise tasks NAME` shows it; else all")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  replay->add_flag("--json", options.as_json, "Print JSON");
  auto* discard = tasks->add_subcommand("discard", "Have a task that cannot be done run no more");
  discard->add_option("ID", options.task, "As `mortise tasks NAME` shows it")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  discard->add_flag("--json", options.as_json, "Print JSON");
  tasks->require_subcommand(0, 1);
  tasks->callback([&parser, &parts, replay, discard] {  // which comes after that of a subcommand
    const bool is_replay = replay->parsed();
    const bool is_discard = discard->parsed();
    parser.run = [&options = parser.options, &parts, is_replay, is_discard] {
      if (is_replay) return replay_tasks(options.config, options.name, options.task, options.as_json, parts);
      if (is_discard) return discard_task(options.config, options.name, *options.task, options.as_json, parts);
      return show_tasks(options.config, options.name, options.as_json, parts);
    };
  });
}

/// CLI11 would only say that a command is missing. Empty when no word was left over.
std::string explain_unknown_command(const CLI::App& app) {
  const auto left_over = app.remaining();
  if (left_over.empty() || left_over.front().front() == '-') return {};
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App* known) { return !known->get_group().empty(); })) {
    names.push_back(command->get_name());
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto meant = base::nearest(left_over.front(), candidates);
  return "unknown command '" + left_over.front() + "'; " +
         (meant.empty() ? "run with --help for the commands" : "did you mean '" + std::string(meant) + "'?");
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const Parts& parts) {
  Parser parser;
  parser.options.config = (fs::path(parts.executable).parent_path() / "../etc/mortise/mortise.json").lexically_normal();
  parser.app.require_subcommand(1);
  parser.app.fallthrough();
  parser.app.add_option("--config", parser.options.config, "mortise.json")->envname("MORTISE_CONFIG");
  add_host_commands(parser, parts);
  add_plugin_commands(parser, parts);
  add_file_commands(parser, parts);
  add_database_commands(parser, parts);
  add_release_commands(parser, parts);
  add_advise_command(parser, parts);
  add_event_commands(parser, parts);
  add_task_commands(parser, parts);
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const auto unknown = explain_unknown_command(parser.app);
    if (unknown.empty()) {
      parser.app.exit(error, parts.out, parts.err);
    } else {
      parts.err << unknown << '\n';
    }
    return kUsage;
  } catch (const CLI::ParseError& error) {
    const bool is_help = parser.app.exit(error, parts.out, parts.err) == 0;
    return is_help ? kDone : kUsage;
  }
  return parser.run();
}

}  // namespace mortise::cli
