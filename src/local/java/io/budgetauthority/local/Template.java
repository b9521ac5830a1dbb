package io.budgetauthority.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.AbstractConstruct;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/// One CloudFormation template of `infra/`, with the account and region of the local build. Every
/// parameter except `Prefix` has its default. The template resolves `!Ref`, `!Sub`, `!GetAtt`, and
/// `!If` over `!Equals` and `!Not`. Another function in the properties of a resource that is read
/// is an error. Elsewhere it is ignored.
final class Template {

  /// The account of everything in the local build.
  static final String ACCOUNT = "000000000000";

  /// The region of everything in the local build.
  static final String REGION = "us-east-1";

  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^!}]+)}");

  private final String name;
  private final String prefix;

  /// The value of a property that is left out.
  private static final String NO_VALUE = "AWS::NoValue";

  private final Map<?, ?> parameters;
  private final Map<?, ?> conditions;
  private final Map<?, ?> resources;

  private Template(String name, String prefix, Map<?, ?> document) {
    this.name = name;
    this.prefix = prefix;
    this.parameters = map(document.get("Parameters"));
    this.conditions = document.get("Conditions") instanceof Map<?, ?> stated ? stated : Map.of();
    this.resources = map(document.get("Resources"));
  }

  /// Reads `infra/<name>` from the class path.
  ///
  /// @param prefix the value of the parameter `Prefix`
  static Template read(String name, String prefix) {
    try (InputStream yaml = Template.class.getResourceAsStream("/infra/" + name)) {
      if (yaml == null) {
        throw new IllegalStateException("infra/" + name + " is not on the class path");
      }
      return new Template(name, prefix, map(new Yaml(new FunctionsAsCalls()).load(yaml)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The properties of every resource of a type, by logical id, in the order of the file.
  SequencedMap<String, Map<?, ?>> resources(String type) {
    SequencedMap<String, Map<?, ?>> found = new LinkedHashMap<>();
    resources.forEach(
        (id, resource) -> {
          if (type.equals(map(resource).get("Type"))) {
            found.put(String.valueOf(id), map(resolved(map(map(resource).get("Properties")))));
          }
        });
    return found;
  }

  private Object resolved(Object value) {
    return switch (value) {
      case Call(String function, Object argument) when function.equals("Ref") ->
          reference(String.valueOf(argument));
      case Call(String function, Object argument) when function.equals("Sub") ->
          PLACEHOLDER
              .matcher(String.valueOf(argument))
              .replaceAll(found -> reference(found.group(1)).replace("$", "\\$"));
      case Call(String function, Object argument) when function.equals("GetAtt") ->
          reference(String.valueOf(argument));
      case Call(String function, Object argument) when function.equals("If") -> {
        List<?> choice = list(argument);
        yield resolved(holds(conditions.get(choice.get(0))) ? choice.get(1) : choice.get(2));
      }
      case Call call -> throw new IllegalStateException(name + " uses " + call + " in a property");
      case Map<?, ?> fields -> {
        Map<Object, Object> all = new LinkedHashMap<>();
        fields.forEach(
            (key, field) -> {
              Object present = resolved(field);
              if (!present.equals(NO_VALUE)) {
                all.put(key, present);
              }
            });
        yield all;
      }
      case List<?> items -> items.stream().map(this::resolved).toList();
      default -> value;
    };
  }

  private boolean holds(@Nullable Object condition) {
    return switch (condition) {
      case Call(String function, Object argument) when function.equals("Not") ->
          !holds(list(argument).getFirst());
      case Call(String function, Object argument) when function.equals("Equals") ->
          resolved(list(argument).get(0)).equals(resolved(list(argument).get(1)));
      case null, default -> throw new IllegalStateException(name + " has a condition " + condition);
    };
  }

  private String reference(String to) {
    if (to.equals("Prefix")) {
      return prefix;
    }
    if (parameters.get(to) instanceof Map<?, ?> parameter) {
      return String.valueOf(parameter.get("Default"));
    }
    return switch (to) {
      case "AWS::AccountId" -> ACCOUNT;
      case "AWS::Region" -> REGION;
      case "AWS::Partition" -> "aws";
      case NO_VALUE -> NO_VALUE;
      default -> ofResource(to);
    };
  }

  /// The name of a resource, or the ARN of a queue.
  private String ofResource(String to) {
    String[] idAndAttribute = to.split("\\.", 2);
    Map<?, ?> resource = map(resources.get(idAndAttribute[0]));
    String type = String.valueOf(resource.get("Type"));
    String kind = type.substring(type.lastIndexOf(':') + 1);
    Object named = map(resource.get("Properties")).get(kind + "Name");
    if (named != null && idAndAttribute.length == 1) {
      return String.valueOf(resolved(named));
    }
    if (named != null && type.equals("AWS::SQS::Queue") && idAndAttribute[1].equals("Arn")) {
      return "arn:aws:sqs:%s:%s:%s".formatted(REGION, ACCOUNT, resolved(named));
    }
    throw new IllegalStateException(
        name + " refers to " + to + ", which the local build does not know");
  }

  private static Map<?, ?> map(@Nullable Object value) {
    if (value instanceof Map<?, ?> fields) {
      return fields;
    }
    throw new IllegalStateException("A template has " + value + " where a mapping belongs");
  }

  private static List<?> list(Object value) {
    if (value instanceof List<?> items) {
      return items;
    }
    throw new IllegalStateException("A template has " + value + " where a list belongs");
  }

  /// A CloudFormation function that is not resolved yet.
  private record Call(String function, Object argument) {}

  private static final class FunctionsAsCalls extends SafeConstructor {
    FunctionsAsCalls() {
      super(new LoaderOptions());
      yamlMultiConstructors.put(
          "!",
          new AbstractConstruct() {
            @Override
            public Object construct(Node node) {
              return new Call(node.getTag().getValue().substring(1), argument(node));
            }
          });
    }

    private Object argument(Node node) {
      return switch (node) {
        case ScalarNode scalar -> constructScalar(scalar);
        case SequenceNode sequence -> constructSequence(sequence);
        case MappingNode mapping -> constructMapping(mapping);
        default -> throw new IllegalStateException("A template has " + node);
      };
    }
  }
}
