#include "app/cli.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "app/admin_commands.h"
#include "app/backup.h"
#include "app/commands.h"
#include "app/config_commands.h"
#include "app/export.h"
#include "app/import.h"
#include "app/media_config.h"
#include "app/plugin_settings.h"
#include "app/room_commands.h"
#include "app/server.h"
#include "base/log.h"
#include "gateway/protocol_reference.h"

namespace turms::app {
namespace {

constexpr int kRuntimeFailure = 1;
constexpr int kUsageError = 2;

/// The options that every command that needs a configuration or data takes.
struct Common {
  bool dev = false;
  std::string config_file;
  std::string data = "data";
  std::vector<std::string> assignments;
  /// What plugins may be told is checked, which loads them.
  bool with_plugins = false;

  void add_to(CLI::App& command) {
    command.add_flag("--dev", dev,
                     "Development: loopback, key devkey/secret, demo accounts 1 alice, 2 bob, 3 "
                     "carol (password turms)");
    command.add_option("--config", config_file, "Configuration file (YAML)");
    command.add_option("--data", data, "Data directory")->capture_default_str();
    command.add_option("--set", assignments, "Set one configuration key: key=value")
        ->allow_extra_args(false);
  }

  [[nodiscard]] Result<Config> load() const {
    Config::Sources sources{
        .dev = dev, .file = std::nullopt, .environment = {}, .assignments = assignments};
    if (!config_file.empty()) sources.file = config_file;
    for (const char* name :
         {Config::kConfigVariable, Config::kKeysVariable, Config::kRegionVariable}) {
      if (const char* value = std::getenv(name)) sources.environment[name] = value;
    }
    if (with_plugins) sources.describe_plugins = describe_plugins;
    return Config::load(sources);
  }
};

int complain(const Error& error, int status) {
  fmt::print(stderr, "turms: {}\n", error.message);
  return status;
}

int with_config(const Common& common, const std::function<int(const Config&)>& run) {
  auto config = common.load();
  if (!config) return complain(config.error(), kUsageError);
  log::set_level(log_level(*config));
  return run(*config);
}

int exit_status(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument ? kUsageError : kRuntimeFailure;
}

int with_data(const Common& common, const std::function<Status(const Config&, DataDirectory&)>& run,
              Result<DataDirectory> (*open)(std::filesystem::path) = DataDirectory::open) {
  return with_config(common, [&](const Config& config) {
    auto data = open(common.data);
    if (!data) return complain(data.error(), kRuntimeFailure);
    const Status status = run(config, *data);
    if (status) return 0;
    return complain(status.error(), exit_status(status.error()));
  });
}

struct Password {
  std::string text;
  bool from_stdin = false;

  void add_to(CLI::App& command) {
    auto* group = command.add_option_group("password");
    group->add_option("--password", text,
                      "The password; others on this machine may see it in the list of processes");
    group->add_flag("--password-stdin", from_stdin,
                    "Read the password from the first line of standard input");
    group->require_option(1);
  }
  [[nodiscard]] std::string read() const {
    if (!from_stdin) return text;
    std::string line;
    std::getline(std::cin, line);
    return line;
  }
};

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"turms: chat and video meetings in one server"};
  app.require_subcommand(1);
  Common common;
  int status = 0;

  auto* serve_command = app.add_subcommand("serve", "Run the server");
  common.add_to(*serve_command);
  serve_command->callback([&] {
    common.with_plugins = true;
    status = with_data(common, [&](const Config& config, DataDirectory& data) {
      return serve(config, data, common.dev);
    });
  });

  auto* user = app.add_subcommand("user", "Accounts (also while the server runs)");
  user->require_subcommand(1);
  int64_t id = 0;
  std::string name;
  Password password;
  auto* user_add = user->add_subcommand("add", "Add an account");
  common.add_to(*user_add);
  user_add->add_option("--id", id, "User id")->required()->check(CLI::PositiveNumber);
  user_add->add_option("--name", name, "Display name")->required();
  password.add_to(*user_add);
  user_add->callback([&] {
    status = with_data(common, [&](const Config& c, const DataDirectory& d) {
      return add_user(c, d, id, name, password.read());
    });
  });
  auto* user_passwd = user->add_subcommand("passwd", "Change a password");
  common.add_to(*user_passwd);
  user_passwd->add_option("--id", id, "User id")->required()->check(CLI::PositiveNumber);
  password.add_to(*user_passwd);
  user_passwd->callback([&] {
    status = with_data(common, [&](const Config& c, const DataDirectory& d) {
      return change_password(c, d, id, password.read());
    });
  });
  auto* user_list = user->add_subcommand("list", "List accounts: id, name, state");
  common.add_to(*user_list);
  user_list->callback([&] { status = with_data(common, list_users); });

  auto* group = app.add_subcommand("group", "Groups (also while the server runs)");
  group->require_subcommand(1);
  int64_t owner = 0;
  std::vector<int64_t> members;
  auto* group_add = group->add_subcommand("add", "Add a group");
  common.add_to(*group_add);
  group_add->add_option("--name", name, "Name")->required();
  group_add->add_option("--owner", owner, "User id of the owner")->required();
  group_add->add_option("--members", members, "User ids of the other members, with commas")
      ->delimiter(',');
  group_add->callback([&] {
    status = with_data(common, [&](const Config& c, const DataDirectory& d) {
      return add_group(c, d, name, owner, members);
    });
  });
  auto* group_list = group->add_subcommand("list", "List groups: id, name, owner, state");
  common.add_to(*group_list);
  group_list->callback([&] { status = with_data(common, list_groups); });

  auto* admin = app.add_subcommand("admin", "Who may use the admin API");
  admin->require_subcommand(1);
  std::string account = "turms";
  auto* admin_reset = admin->add_subcommand(
      "reset", "Give an admin a new password and the role of root (on the data directory)");
  common.add_to(*admin_reset);
  admin_reset->add_option("--account", account, "Account")->capture_default_str();
  password.add_to(*admin_reset);
  admin_reset->callback([&] {
    status = with_data(common, [&](const Config& c, const DataDirectory& d) {
      return reset_admin(c, d, account, password.read());
    });
  });
  const auto add_options = [&](CLI::App& command) { common.add_to(command); };
  const auto run_on_server = [&](const std::function<Status(const Config&)>& run) {
    status = with_config(common, [&](const Config& config) {
      const Status done = run(config);
      return done ? 0 : complain(done.error(), exit_status(done.error()));
    });
  };
  add_admin_commands(app, add_options, run_on_server);

  auto* room = app.add_subcommand("room", "Rooms of the built-in SFU of a running server");
  room->require_subcommand(1);
  RoomQuery query;
  const auto add_room_command = [&](const char* command, const char* help,
                                    Status (*run)(const Config&, const RoomQuery&)) {
    auto* added = room->add_subcommand(command, help);
    common.add_to(*added);
    added->add_option("--url", query.url,
                      "The server's admin port, in place of what the configuration says");
    added->add_flag("--json", query.json, "As the server says it");
    added->callback([&, run] {
      status = with_config(common, [&](const Config& config) {
        const Status done = run(config, query);
        return done ? 0 : complain(done.error(), exit_status(done.error()));
      });
    });
    return added;
  };
  add_room_command("list", "List rooms", list_rooms);
  auto* room_stats = add_room_command(
      "stats", "Say what each subscriber is sent of each track, and why no more", print_room_stats);
  room_stats->add_option("room", query.room, "Room")->required();
  room_stats->add_option("--identity", query.identity, "Of this participant alone");
  room_stats->add_flag("--watch", query.watch, "Again each second, until interrupted");

  auto* token = app.add_subcommand("token", "Make a LiveKit access token");
  common.add_to(*token);
  TokenRequest request;
  token->add_option("--identity", request.identity, "Identity of the participant");
  token->add_option("--name", request.name, "Display name");
  token->add_option("--room", request.room, "Room");
  token->add_option("--metadata", request.metadata, "Metadata of the participant");
  token->add_flag("--join", request.join, "May join the room");
  token->add_flag("--create", request.create, "May create and delete rooms");
  token->add_flag("--list", request.list, "May list rooms");
  token->add_flag("--admin", request.admin, "May administer the room");
  token->add_flag("--subscribe-only", request.subscribe_only, "May not publish");
  token->add_option("--valid-for", request.valid_for_seconds, "Seconds")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  token->callback([&] {
    status = with_data(common, [&](const Config& c, const DataDirectory& d) {
      return print_token(c, d, request);
    });
  });

  auto* config_command =
      app.add_subcommand("config", "The configuration, and that of a running server");
  config_command->require_subcommand(1);
  auto* check = config_command->add_subcommand("check", "Check the configuration");
  common.add_to(*check);
  check->callback([&] {
    common.with_plugins = true;
    status = with_config(common, [](const Config& config) {
      for (const std::string& warning : config.warnings()) fmt::print("{}\n", warning);
      if (const auto engine = engine_config(config); !engine) {
        return complain(engine.error(), kUsageError);
      }
      fmt::print("the configuration is good\n");
      return 0;
    });
  });
  auto* show = config_command->add_subcommand("show", "Show the settings in force, secrets masked");
  common.add_to(*show);
  show->callback([&] {
    common.with_plugins = true;
    status = with_config(common, [](const Config& config) {
      fmt::print("{}", config.show());
      return 0;
    });
  });
  add_config_commands(*config_command, add_options, run_on_server);
  config_command->add_subcommand("reference", "Describe every setting (Markdown)")->callback([] {
    fmt::print("{}", configuration_reference(describe_plugins("", {"livekit"})));
  });

  auto* protocol = app.add_subcommand("protocol", "The protocol that clients speak");
  protocol->require_subcommand(1);
  protocol->add_subcommand("reference", "Describe every request (Markdown)")->callback([] {
    fmt::print("{}", gateway::protocol_reference());
  });

  auto* backup = app.add_subcommand("backup", "Copies of a data directory");
  backup->require_subcommand(1);
  std::string backup_path;
  const auto add_backup_command = [&](const char* command, const char* help,
                                      std::function<int()> run) {
    auto* added = backup->add_subcommand(command, help);
    common.add_to(*added);
    added->add_option("directory", backup_path, "Of the backup")->required();
    added->callback([&, run] { status = run(); });
  };
  add_backup_command("create", "Copy the data directory (also while the server runs)", [&] {
    const auto create = [&](const Config& config, const DataDirectory& data) {
      return create_backup(config, data, backup_path);
    };
    return with_data(common, create, DataDirectory::look);
  });
  add_backup_command("verify", "Look whether a backup is whole", [&] {
    const Status good = verify_backup(backup_path);
    if (good) fmt::print("the backup is good\n");
    return good ? 0 : complain(good.error(), exit_status(good.error()));
  });
  add_backup_command("restore", "Make a data directory of a backup", [&] {
    return with_config(common, [&](const Config& config) {
      const Status restored = restore_backup(config, backup_path, common.data);
      return restored ? 0 : complain(restored.error(), exit_status(restored.error()));
    });
  });

  auto* export_command = app.add_subcommand(
      "export", "All data of a user or a group, as files (also while the server runs)");
  export_command->require_subcommand(1);
  ExportRequest export_request;
  const auto add_export_command = [&](const char* command, const char* help, bool of_group) {
    auto* added = export_command->add_subcommand(command, help);
    common.add_to(*added);
    added->add_option("id", export_request.id, "Id")->required()->check(CLI::PositiveNumber);
    added->add_option(
        "--to", export_request.target,
        "Directory to make, in place of turms-export-" + std::string(command) + "-ID");
    added->callback([&, of_group] {
      const auto run = [&](const Config& config, const DataDirectory& data) {
        export_request.of_group = of_group;
        return export_data(config, data, export_request);
      };
      status = with_data(common, run, DataDirectory::look);
    });
  };
  add_export_command("user", "Of a user", false);
  add_export_command("group", "Of a group", true);

  ImportRequest import_request;
  auto* import_command = app.add_subcommand(
      "import", "Make a data directory of a Turms deployment's MongoDB dump (mongodump)");
  common.add_to(*import_command);
  import_command->add_option("dump", import_request.dump, "Directory or archive of mongodump")
      ->required();
  import_command
      ->add_option("--user-passwords", import_request.user_passwords,
                   "The deployment's turms.security.password.user-password-encoding-algorithm")
      ->capture_default_str();
  import_command
      ->add_option("--admin-passwords", import_request.admin_passwords,
                   "Its turms.security.password.admin-password-encoding-algorithm")
      ->capture_default_str();
  import_command->add_flag("--dry-run", import_request.dry_run,
                           "Read all of it and say what would become of it, and keep nothing");
  import_command->callback([&] {
    status = with_config(common, [&](const Config& config) {
      import_request.data = common.data;
      const Status imported = import_data(config, import_request);
      return imported ? 0 : complain(imported.error(), exit_status(imported.error()));
    });
  });

  auto* doctor_command =
      app.add_subcommand("doctor", "Look for what commonly keeps a server from working");
  common.add_to(*doctor_command);
  doctor_command->callback([&] { status = with_data(common, doctor, DataDirectory::look); });

  app.add_subcommand("version", "Print the version")->callback([] {
    fmt::print("turms {}\n", TURMS_VERSION);
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has a status of its own for each mistake; ours is one for all. Help is no mistake.
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  return status;
}

}  // namespace turms::app
