import com.baomidou.mybatisplus.annotation.TableField;
import com.baomidou.mybatisplus.annotation.TableId;
import com.baomidou.mybatisplus.annotation.TableName;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/**
 * Prints the H2 schema of a DolphinScheduler, whose jars have none: the tables of its entity classes, and Quartz's own.
 *
 * Run as a single file with its jars on the class path; the argument is the jar with the entities.
 */
public class SchemaOfEntities {
    private static final String ENTITY = "org/apache/dolphinscheduler/dao/entity/\\w+\\.class";
    private static final String QUARTZ_TABLES = "/org/quartz/impl/jdbcjobstore/tables_h2.sql";
    private static final Set<String> TIMES_WITH_DEFAULT = Set.of("create_time", "update_time");

    /** What only the mappers' SQL names, and the keys that keep names apart. */
    private static final String FURTHER_RULES = """
        alter table t_ds_project add column if not exists `flag` tinyint default 1;
        alter table t_ds_process_definition add column if not exists `warning_group_id` int;
        alter table t_ds_process_instance add column if not exists `flag` tinyint default 1;
        alter table t_ds_process_instance add column if not exists `update_time` timestamp default current_timestamp;
        alter table t_ds_error_command add column if not exists `process_instance_id` int;
        alter table t_ds_error_command add column if not exists `process_definition_version` int;
        create unique index if not exists project_unique on t_ds_project (name);
        create unique index if not exists process_unique on t_ds_process_definition (name, project_code);
        """;

    public static void main(String[] arguments) throws Exception {
        try (JarFile jar = new JarFile(arguments[0])) {
            for (String name : jar.stream().map(Object::toString).filter(each -> each.matches(ENTITY)).toList()) {
                Class<?> entity = Class.forName(name.replace('/', '.').replace(".class", ""));
                if (entity.isAnnotationPresent(TableName.class)) System.out.println(tableOf(entity));
            }
        }
        System.out.println(FURTHER_RULES);
        try (var quartz = SchemaOfEntities.class.getResourceAsStream(QUARTZ_TABLES)) {
            System.out.println(new String(quartz.readAllBytes(), StandardCharsets.UTF_8).replaceAll("\\bIMAGE\\b", "BLOB"));
        }
    }

    private static String tableOf(Class<?> entity) {
        Map<String, String> columns = new LinkedHashMap<>();
        for (Class<?> owner = entity; owner != Object.class; owner = owner.getSuperclass()) {
            for (Field field : owner.getDeclaredFields()) {
                String type = Modifier.isStatic(field.getModifiers()) ? null : typeOf(field.getType());
                if (type != null) columns.put(columnOf(field), type + keyOf(field));
            }
        }
        return columns.entrySet().stream()
            .map(column -> "  `" + column.getKey() + "` " + column.getValue() + defaultOf(column.getKey()))
            .collect(Collectors.joining(",\n", "create table if not exists " + nameOf(entity) + " (\n", "\n);"));
    }

    private static String nameOf(Class<?> entity) {
        return entity.getAnnotation(TableName.class).value();
    }

    private static String columnOf(Field field) {
        TableId id = field.getAnnotation(TableId.class);
        TableField column = field.getAnnotation(TableField.class);
        String given = id != null ? id.value() : column != null ? column.value() : "";
        String named = given.isEmpty() ? field.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2") : given;
        return named.replace("`", "").toLowerCase();
    }

    private static String keyOf(Field field) {
        if (!field.isAnnotationPresent(TableId.class)) return "";
        return field.getType() == String.class ? " primary key" : " auto_increment primary key";
    }

    private static String defaultOf(String column) {
        return TIMES_WITH_DEFAULT.contains(column) ? " default current_timestamp" : "";
    }

    /** The column type of a field; null where the field is no column, as of lists and of other entities. */
    private static String typeOf(Class<?> type) {
        if (type.isEnum() || type == int.class || type == Integer.class || type == short.class) return "int";
        if (type == long.class || type == Long.class) return "bigint";
        if (type == boolean.class || type == Boolean.class) return "tinyint";
        if (type == float.class || type == double.class || type == Double.class) return "double";
        if (type == Date.class) return "timestamp";
        return type == String.class ? "varchar(65535)" : null;
    }
}
