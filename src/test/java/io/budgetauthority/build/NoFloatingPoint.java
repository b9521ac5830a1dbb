package io.budgetauthority.build;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.stream.Stream;

/// No field, parameter or result of a primitive floating-point type.
final class NoFloatingPoint extends ArchCondition<JavaClass> {

  NoFloatingPoint() {
    super("use no floating point");
  }

  @Override
  public void check(JavaClass item, ConditionEvents events) {
    Stream.concat(
            item.getFields().stream().map(JavaField::getRawType),
            item.getCodeUnits().stream().flatMap(NoFloatingPoint::types))
        .filter(type -> type.getName().equals("double") || type.getName().equals("float"))
        .forEach(
            type ->
                events.add(
                    SimpleConditionEvent.violated(
                        item, item.getName() + " uses " + type.getName())));
  }

  private static Stream<JavaClass> types(JavaCodeUnit unit) {
    return Stream.concat(Stream.of(unit.getRawReturnType()), unit.getRawParameterTypes().stream());
  }
}
