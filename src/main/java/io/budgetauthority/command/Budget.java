package io.budgetauthority.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The operator's command line, which `bin/budget` starts. The AWS SDK finds region, endpoints and
/// credentials.
@Command(
    name = "budget",
    description =
        "Operates a budget-authority. Region, endpoints and credentials are found as the"
            + " AWS SDK finds them.",
    subcommands = {
      Check.class,
      DeadLetterCommands.class,
      KeyCommands.class,
      PriceCommands.class,
      RebuildAttribution.class
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
public final class Budget {

  private Budget() {}

  /// Exits with 0 if all is as it should be, 1 if it is not, 2 if the command was called wrongly,
  /// and 3 if it failed.
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Budget())
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              command.getErr().println(failure);
              return 3;
            });
  }
}
