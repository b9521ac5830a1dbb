package io.budgetauthority.command;

import io.budgetauthority.configuration.IssueKey;
import io.budgetauthority.configuration.IssuedKey;
import io.budgetauthority.configuration.RevokeKey;
import io.budgetauthority.configuration.RotateKey;
import io.budgetauthority.input.Ids;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Issues, rotates, revokes and lists API keys (docs/how-to/operate.md). It is for operators' keys,
/// and for a tenant that has lost its admin keys.
@Command(
    name = "keys",
    description = "Issues, rotates, revokes and lists API keys.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class KeyCommands {

  private static final int PAGE = 200;

  @Spec private CommandSpec spec;

  @Command(
      name = "list",
      description = "Lists the keys of a tenant, or those of operators.",
      mixinStandardHelpOptions = true)
  int list(@Mixin Operator operator, @Mixin OfTenant of) {
    return operator.withKeys(
        (keys, policies, writer) -> {
          PrintWriter out = out();
          String after = null;
          List<ApiKeys.Principal> page;
          do {
            page = keys.list(of.tenant, PAGE, after);
            for (ApiKeys.Principal principal : page) {
              Caller caller = principal.caller();
              after = caller.principalId();
              out.printf(
                  "%s %s, created %s%n",
                  caller.principalId(), describe(caller), principal.createdAt());
            }
          } while (page.size() == PAGE);
          return 0;
        });
  }

  @Command(
      name = "issue",
      description = "Issues a key and shows its secret, once.",
      mixinStandardHelpOptions = true)
  int issue(
      @Mixin Operator operator,
      @Mixin OfTenant of,
      @Option(
              names = "--role",
              defaultValue = "operator",
              description = "gateway, agent, viewer or admin of a tenant, else operator")
          String roleName,
      @Option(names = "--user", description = "the user of an agent") @Nullable String user,
      @Option(names = "--key", description = "the key of an agent") @Nullable String key) {
    Role role = role(roleName);
    if (of.tenant.isEmpty() != (role == Role.OPERATOR)) {
      throw wrong("--tenant names a tenant for every role but operator, which belongs to none");
    }
    boolean stated = user != null || key != null;
    if (role == Role.AGENT ? user == null || key == null : stated) {
      throw wrong("--user and --key are stated for the role agent, and for no other");
    }
    requireIds(of.tenant, user, key);
    String id =
        (role == Role.OPERATOR ? "opr_" : "key_") + UUID.randomUUID().toString().replace("-", "");
    Caller wanted = new Caller(of.tenant, id, role, user, key);
    return operator.withKeys(
        (keys, policies, writer) ->
            role != Role.OPERATOR && policies.now(of.tenant).version() == 0
                ? refuse("there is no tenant " + of.tenant)
                : show(
                    new IssueKey(writer, keys, Clock.systemUTC()).issue(Operator.CALLER, wanted)));
  }

  private void requireIds(@Nullable String... ids) {
    for (String id : ids) {
      if (id != null && !id.isEmpty() && !Ids.isId(id)) {
        throw wrong(id + " is no id: it has 1 to 128 printable ASCII characters without spaces");
      }
    }
  }

  @Command(
      name = "rotate",
      description = "Gives a key a new secret and shows it, once.",
      mixinStandardHelpOptions = true)
  int rotate(
      @Mixin Operator operator,
      @Mixin OfTenant of,
      @Option(
              names = "--overlap",
              paramLabel = "SECONDS",
              defaultValue = "0",
              description = "how long the old secret stays valid (${DEFAULT-VALUE})")
          long overlapSeconds,
      @Parameters(paramLabel = "ID", description = "the key's id") String id) {
    if (overlapSeconds < 0 || overlapSeconds > RotateKey.MAX_OVERLAP.toSeconds()) {
      throw wrong("--overlap is 0 to " + RotateKey.MAX_OVERLAP.toSeconds() + " seconds");
    }
    return operator.withKeys(
        (keys, policies, writer) ->
            switch (new RotateKey(writer, keys, Clock.systemUTC())
                .rotate(Operator.CALLER, of.tenant, id, Duration.ofSeconds(overlapSeconds))) {
              case RotateKey.Result.Done done -> show(done.issued());
              case RotateKey.Result.Unknown unknown -> refuse("there is no key " + id);
              case RotateKey.Result.TooManySecrets many ->
                  refuse("key " + id + " has " + many.count() + " valid secrets: use no overlap");
              case RotateKey.Result.Conflict conflict ->
                  refuse("key " + id + " was just rotated by somebody else");
            });
  }

  @Command(
      name = "revoke",
      description = "Deletes a key. Processes know that within a minute.",
      mixinStandardHelpOptions = true)
  int revoke(
      @Mixin Operator operator,
      @Mixin OfTenant of,
      @Parameters(paramLabel = "ID", description = "the key's id") String id) {
    return operator.withKeys(
        (keys, policies, writer) ->
            switch (new RevokeKey(writer, keys, Clock.systemUTC())
                .revoke(Operator.CALLER, of.tenant, id)) {
              case DONE -> {
                out().println(id + " is revoked");
                yield 0;
              }
              case UNKNOWN -> refuse("there is no key " + id);
              case LAST_ADMIN -> refuse("key " + id + " is the tenant's last admin key");
            });
  }

  /// The option that names whose keys a command is about.
  static final class OfTenant {
    @Option(
        names = "--tenant",
        defaultValue = "",
        description = "the tenant of the key; without it, the key is an operator's")
    private String tenant = "";
  }

  private static String describe(Caller caller) {
    return caller.role() == Role.AGENT
        ? "agent of user " + caller.userId() + " and key " + caller.keyId()
        : caller.role().wireName();
  }

  private Role role(String name) {
    try {
      return Role.ofWireName(name);
    } catch (IllegalArgumentException e) {
      throw wrong("--role: " + e.getMessage());
    }
  }

  private int show(IssuedKey issued) {
    out().println(issued.principal().caller().principalId() + " " + issued.secret());
    return 0;
  }

  private int refuse(String reason) {
    spec.commandLine().getErr().println(reason);
    return 1;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
